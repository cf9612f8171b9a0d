"""Mosaic: all objects of an image of any size, found tile by tile, as one labelling."""
