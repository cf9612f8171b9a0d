"""Journal: what was accepted, written down as it happens, to be restored or made again."""
