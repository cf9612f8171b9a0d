"""A folder of images in the dock: from image to image, with labels, settings and lessons."""
