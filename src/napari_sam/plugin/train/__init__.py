"""Train: the row that trains a model on the images with labels in the viewer."""
