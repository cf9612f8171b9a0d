"""Journal: accepted objects in a file, from which labels are restored or made again."""
