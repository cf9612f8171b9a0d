"""Status: the line of the dock and the enabled actions, as a function of the dock's state."""
