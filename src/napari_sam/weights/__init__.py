"""Weights of the models: which there are, where they come from, how they are read."""
