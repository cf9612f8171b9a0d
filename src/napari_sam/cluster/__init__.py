"""Cluster: the tiles of an image as tasks of a Dask cluster; this process puts them together."""
