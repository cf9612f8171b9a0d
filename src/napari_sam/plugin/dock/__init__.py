"""Dock: the widgets and their places."""
