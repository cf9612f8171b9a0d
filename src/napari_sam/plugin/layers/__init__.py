"""Layers: the dock's napari layers over an image."""
