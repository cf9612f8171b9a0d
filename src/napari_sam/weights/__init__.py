"""Weights of the models: catalogue of published files, download, import, reading and writing."""
