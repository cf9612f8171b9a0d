"""Evaluate: how good a model is on images whose objects are known."""
