"""Classify: a few objects with a class to the classes of all others."""
