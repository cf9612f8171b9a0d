"""The dock in napari: the only package here that imports napari and Qt."""
