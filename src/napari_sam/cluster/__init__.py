"""Cluster: encode and segment the tiles of an image as tasks of a Dask cluster."""
