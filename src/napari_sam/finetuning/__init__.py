"""Fine-tuning: from a folder of images with labels to a model of the user's own."""
