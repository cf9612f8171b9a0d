"""Tracking in the dock: the labels of a movie, and the review of what is unsure."""
