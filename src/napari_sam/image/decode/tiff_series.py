"""TIFF series: the pixels of an image in a TIFF, read region by region."""

import weakref
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr

from napari_sam.errors import ImageError

from .cached_chunks import CachedChunks, with_cache
from .coded_chunks import CodedChunks
from .lazy_array import LazyArray
from .mapped_planes import MappedPlanes
from .shown_values import Coloured, Inverted

_STRIPS = 1 << 21
"""Bytes of small strips that are decoded together, 2 MiB: a strip is as wide as the image, a region
of it rarely is."""


@dataclass(frozen=True, slots=True)
class TiffPixels:
    """Levels of an image in a TIFF; made by :func:`tiff_pixels`.

    Parameters
    ----------
    levels : tuple of array-like
        The full resolution first.
    axes : str
        tifffile's letter for each dimension; the colours of a palette are an S at the end.
    """

    levels: tuple[Any, ...]
    axes: str


class _OpenFile:
    """An open TIFF, closed with the last reference to it."""

    def __init__(self, tiff: tifffile.TiffFile) -> None:
        self.tiff = tiff
        weakref.finalize(self, tiff.close)


def tiff_pixels(
    tiff: tifffile.TiffFile, series: tifffile.TiffPageSeries, labels: bool = False
) -> TiffPixels:
    """Open the levels of an image in a TIFF.

    Uncompressed planes are mapped into memory. Strips are decoded once, and up to 512 MiB of them
    are kept. Tiles are decoded where they are needed. A layout that allows none of these is loaded.

    Parameters
    ----------
    tiff : tifffile.TiffFile
        The open file; it is closed when the levels are deleted.
    series : tifffile.TiffPageSeries
        An image of the file.
    labels : bool
        Whether the values are labels: the indices of a palette, and numbers of which the smallest
        is shown white, stay as they are stored.

    Raises
    ------
    ImageError
        If the compression cannot be decoded.
    """
    _check_codec(tiff, series.keyframe)
    owner = _OpenFile(tiff)
    levels = [_shown(_full_resolution(owner, series), series.keyframe, labels)]
    for level in series.levels[1:]:
        with suppress(Exception):  # the image can be read without its coarser levels
            levels.append(_shown(_stored(owner, level), level.keyframe, labels))
    has_colours = len(levels[0].shape) > len(series.shape)
    return TiffPixels(tuple(levels), series.axes + "S" * has_colours)


def _check_codec(tiff: tifffile.TiffFile, page: tifffile.TiffPage) -> None:
    """Raise an ImageError if there is no decoder for the pixels of a page."""
    try:
        page.decode(None, 0)  # of no data, nothing
    except Exception as error:  # tifffile raises several kinds
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ImageError(
            f"{tiff.filehandle.path} is packed as {_codec(page)}, which cannot be decoded here "
            f"({reason}): save it as LZW or without compression in the program that wrote it"
        ) from error


def _codec(page: tifffile.TiffPage) -> str:
    name = str(getattr(page.compression, "name", page.compression))
    return "uncompressed" if name == "NONE" else name


def _full_resolution(owner: _OpenFile, series: tifffile.TiffPageSeries) -> Any:
    try:
        return _stored(owner, series)
    except Exception:  # unusual layouts, such as scattered pages, cannot be read lazily
        return series.asarray(level=0)


def _stored(owner: _OpenFile, series: tifffile.TiffPageSeries) -> LazyArray:
    """Array of a level with stored values."""
    array = _mapped(series) or _decoded(series)
    array.owner = owner
    return array


def _mapped(series: tifffile.TiffPageSeries) -> MappedPlanes | None:
    """Array of an uncompressed level; None if the level is compressed or the file cut off."""
    page, shape = series.keyframe, tuple(series.shape)
    is_one_file = page.parent.filehandle.is_file and not series.is_multifile
    if not is_one_file or not page.is_final or series.transform is not None:
        return None
    pages: Any
    dtype = np.dtype(series.dtype).newbyteorder(page.parent.byteorder)
    path = Path(page.parent.filehandle.path)
    if series.dataoffset is not None:
        pages, plane_ndim = [page], len(shape)
    else:
        tails = [n for n in range(len(shape) + 1) if _size(shape[n:]) == page.size]
        if not tails or _size(shape) != page.size * len(series):
            return None
        pages, plane_ndim = series, len(shape) - tails[-1]
    with suppress(ImageError, ValueError, OSError):
        return MappedPlanes(path, shape, dtype, plane_ndim, pages)
    return None


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _decoded(series: tifffile.TiffPageSeries) -> LazyArray:
    """Array of a level, decoded chunk by chunk."""
    page = series.keyframe
    array: Any = zarr.open_array(series.aszarr(level=0, multiscales=False), mode="r")
    part = "tile" if page.is_tiled else "strip"
    chunks = CodedChunks(array, series.axes, part, _codec(page), page.parent.filehandle.path)
    if page.is_tiled or "Y" not in series.axes:
        cached: LazyArray = with_cache(chunks)
        return cached
    sizes, y = list(array.chunks), series.axes.index("Y")
    together = _STRIPS // max(1, _size(tuple(sizes)) * array.dtype.itemsize)
    rows = min(sizes[y] * max(1, together), array.shape[y])
    sizes[y] *= -(-rows // sizes[y])
    return CachedChunks(chunks, tuple(sizes))


def _shown(array: Any, page: tifffile.TiffPage, labels: bool) -> Any:
    """Array with values as the tags of a page display them."""
    kind = np.dtype(array.dtype).kind
    if labels:  # numbers for readers, not for the eye: tifffile, for one, says of masks 0 is white
        return array
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE and kind in "ub":
        return Inverted(array, page.bitspersample)
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE and kind == "u":
        colours = page.colormap
        return array if colours is None else Coloured(array, colours)
    return array
