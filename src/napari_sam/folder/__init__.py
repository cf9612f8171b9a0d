"""Folders of images: their lists, the state of each image, and the place of their labels."""
