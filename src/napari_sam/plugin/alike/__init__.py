"""Alike: more objects like a few labels, chosen by their similarity."""
