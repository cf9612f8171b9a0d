"""Outlines: objects that other programs saved as polygons, as labels of an image."""
