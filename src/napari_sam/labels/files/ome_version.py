"""OME version: the versions of OME-Zarr for labels, and their differences."""

from typing import Any

from napari_sam.errors import OutputError

LATEST = "0.5"
VERSIONS = ("0.4", LATEST)
"""Versions of OME-Zarr that can be written: 0.4 is zarr 2, and what most programs read."""

_FOR_ALL_READERS = {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1}
"""Compression of chunks in zarr 2: readers in Java have no zstd without blosc."""


def checked_version(version: str | None) -> str:
    """Version of OME-Zarr to write, the latest by default.

    Raises
    ------
    OutputError
        If it is none of :data:`VERSIONS`.
    """
    if version is None:
        return LATEST
    if version not in VERSIONS:
        raise OutputError(f"OME-Zarr {version} is not written: choose {' or '.join(VERSIONS)}")
    return version


def zarr_format(version: str) -> int:
    """Format of zarr that a version of OME-Zarr is stored in."""
    return 2 if version == "0.4" else 3


def array_options(version: str, axes: str) -> dict[str, Any]:
    """Arguments of zarr's ``create_array`` that depend on the version.

    Parameters
    ----------
    version : str
        One of :data:`VERSIONS`.
    axes : str
        Letters of the axes.
    """
    if version == LATEST:
        return {"dimension_names": [axis.lower() for axis in axes]}
    separator = {"name": "v2", "separator": "/"}
    return {"compressors": _FOR_ALL_READERS, "chunk_key_encoding": separator}


def described(version: str, multiscale: dict[str, Any], labels: dict[str, Any]) -> dict[str, Any]:
    """Attributes of the group of a label image.

    Parameters
    ----------
    version : str
        One of :data:`VERSIONS`.
    multiscale : dict
        The pyramid.
    labels : dict
        ``image-label``, with its version.
    """
    if version == LATEST:
        return {"ome": {"version": version, "multiscales": [multiscale], "image-label": labels}}
    return {"multiscales": [multiscale | {"version": version}], "image-label": labels}
