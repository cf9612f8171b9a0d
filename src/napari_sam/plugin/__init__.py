"""The dock in napari, with all imports of napari and Qt."""
