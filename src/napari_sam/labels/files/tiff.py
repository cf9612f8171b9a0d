"""TIFF: labels as OME-TIFF, or as an ImageJ hyperstack."""

import math
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_sam.labels.blocks import block_count, block_regions

from .feed import feed
from .imagej import IMAGEJ_AXES, holds_size, imagej_options
from .ome_metadata import ome_metadata
from .stack import LabelStack

SOFTWARE = "napari-sam labels"
"""Tag ``Software`` of the TIFF, by which :mod:`~napari_sam.labels.files.read` knows labels from an
image."""

TILE = 512
"""Rows and columns of a tile of a TIFF, at most; smaller planes have smaller tiles."""

# Bytes of pixels above which a file is BigTIFF: classic TIFF ends at 4 GiB, and 64 MiB of that
# are left for directories of pages.
_CLASSIC_BYTES = 2**32 - 2**26
_MAX_IMAGEJ = int(np.iinfo(np.uint16).max)

Pixels = NDArray[np.uint32]
T = TypeVar("T")


def write_ome_tiff(path: Path, stack: LabelStack, name: str) -> Iterator[tuple[int, int]]:
    """Write an OME-TIFF: uint32, zlib, tiles, BigTIFF above 4 GiB.

    Parameters
    ----------
    path : Path
        A new file.
    stack : LabelStack
        The labels; rows of tiles of one plane are read at a time.
    name : str
        Name of the image in the OME-XML.

    Yields
    ------
    tuple of int
        Steps done, and steps in all.
    """
    yield from _counted(_ome_steps(path, stack, name), 0, _band_count(stack))


def write_imagej(path: Path, stack: LabelStack, name: str) -> Iterator[tuple[int, int]]:
    """Write an ImageJ hyperstack, uint16 and uncompressed, with scale and units for Fiji.

    ImageJ has no 32-bit integers and no files of more than 4 GiB. Labels are never changed to fit:
    an OME-TIFF of the same name is written instead, with a warning.

    Parameters
    ----------
    path : Path
        A new file.
    stack : LabelStack
        The labels.
    name : str
        Name of the file, for the warning and the OME-XML.

    Yields
    ------
    tuple of int
        Steps done, and steps in all.

    Warns
    -----
    UserWarning
        If an OME-TIFF was written.
    """
    bands = _band_count(stack)
    search = bands if stack.largest_possible > _MAX_IMAGEJ else 0
    largest = 0 if search else stack.largest_possible
    for done, band in enumerate(_bands(stack) if search else (), start=1):
        largest = max(largest, int(band.max()))
        yield done, search + bands
    obstacle = _obstacle(stack, largest)
    if obstacle:
        warnings.warn(
            f"{name} is written as OME-TIFF, not as ImageJ TIFF, because {obstacle}; "
            "all labels are kept as they are",
            UserWarning,
            stacklevel=2,
        )
    steps = _ome_steps(path, stack, name) if obstacle else _imagej_steps(path, stack)
    yield from _counted(steps, search, search + bands)


def _obstacle(stack: LabelStack, largest: int) -> str | None:
    if largest > _MAX_IMAGEJ:
        return f"label {largest} is above {_MAX_IMAGEJ}, ImageJ's largest"
    if _bytes(stack, np.uint16) > _CLASSIC_BYTES:
        return "ImageJ TIFF ends at 4 GiB"
    if not holds_size(stack):
        return f"ImageJ TIFF has no pixels of {stack.scale[-1]:g} {stack.units[-1]}"
    return None


def _ome_steps(path: Path, stack: LabelStack, name: str) -> Generator[None, None, None]:
    # A small image gets a smaller tile, without padding; TIFF wants multiples of 16.
    tile = tuple(min(TILE, -(-size // 16) * 16) for size in stack.shape[-2:])

    def write(bands: Iterator[Pixels]) -> None:
        with tifffile.TiffWriter(
            path, ome=True, bigtiff=_bytes(stack, np.uint32) > _CLASSIC_BYTES
        ) as tiff:
            tiff.write(
                _tiles(bands, tile[1]),
                shape=stack.shape,
                dtype=np.uint32,
                tile=tile,
                compression="zlib",
                photometric="minisblack",
                software=SOFTWARE,
                metadata=ome_metadata(stack, name),
            )

    return _written(write, _bands(stack, tile[0]))


def _imagej_steps(path: Path, stack: LabelStack) -> Generator[None, None, None]:
    stack = stack.in_order(IMAGEJ_AXES)

    def write(bands: Iterator[bytes]) -> None:
        with tifffile.TiffWriter(path, imagej=True, byteorder=">") as tiff:
            tiff.write(
                bands,
                shape=stack.shape,
                dtype=np.uint16,
                photometric="minisblack",
                software=SOFTWARE,
                **imagej_options(stack),
            )

    # Bytes, because the error of writing an array does not say that the disk is full.
    return _written(write, (band.astype(">u2").tobytes() for band in _bands(stack)))


def _written(
    write: Callable[[Iterator[T]], None], bands: Iterator[T]
) -> Generator[None, None, None]:
    # A band is written when the next is pulled; the last step comes when the file is closed.
    with closing(feed(write, bands)) as steps:
        next(steps)
        for _ in steps:
            yield
    yield


def _counted(
    steps: Generator[None, None, None], before: int, total: int
) -> Iterator[tuple[int, int]]:
    # Closed explicitly, so that the file is closed before its removal.
    with closing(steps):
        for done, _ in enumerate(steps, start=before + 1):
            yield done, total


def _bands(stack: LabelStack, height: int = TILE) -> Iterator[Pixels]:
    """Bands of rows, ``(height, X)``, plane by plane in the order of the file."""
    for region in block_regions(stack.shape, _band_shape(stack, height)):
        band = stack.read(region)
        yield band.reshape(band.shape[-2:])


def _tiles(bands: Iterator[Pixels], width: int) -> Iterator[Pixels]:
    for band in bands:
        for x in range(0, band.shape[1], width):
            yield band[:, x : x + width]


def _band_shape(stack: LabelStack, height: int = TILE) -> tuple[int, ...]:
    return (1,) * (len(stack.shape) - 2) + (height, stack.shape[-1])


def _band_count(stack: LabelStack) -> int:
    return block_count(stack.shape, _band_shape(stack))


def _bytes(stack: LabelStack, dtype: type[np.unsignedinteger[Any]]) -> int:
    return math.prod(stack.shape) * np.dtype(dtype).itemsize
