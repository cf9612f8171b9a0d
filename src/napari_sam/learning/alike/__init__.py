"""Alike: objects of the same kind as a few examples."""
