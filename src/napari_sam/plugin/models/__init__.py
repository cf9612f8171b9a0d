"""Models: the list, the choice and the download of models."""
