"""Layers: the napari layers that the dock adds to an image."""
