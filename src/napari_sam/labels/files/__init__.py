"""Label files: TIFF, ImageJ TIFF, OME-Zarr, classes and tracks, written whole or not at all."""
