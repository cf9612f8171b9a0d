"""Export: images with labels as training data for other programs."""
