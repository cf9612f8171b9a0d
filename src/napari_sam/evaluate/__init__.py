"""Evaluate: score a model on images with true labels, with simulated clicks and automatically."""
