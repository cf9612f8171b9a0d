"""Classes: the table of object classes in the dock and their place in the Labels layer."""
