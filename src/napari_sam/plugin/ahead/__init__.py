"""Encoding ahead: the order of tiles, progress, and the layer that shows which are ready."""
