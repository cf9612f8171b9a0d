"""Image: layers read as the input of a session."""
