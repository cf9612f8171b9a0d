"""Missing planes: planes of an OME-TIFF that no file has, read as black."""

from itertools import islice
from pathlib import Path

import numpy as np
import tifffile

from .companions import companion_files, ome_images

_MOST_LISTED = 5
"""Planes and files that a sentence lists; of more only the number is said."""


def missing_planes(path: Path, tiff: tifffile.TiffFile, series: int) -> tuple[str, ...]:
    """Sentences about planes of an image that no file has.

    Parameters
    ----------
    path : Path
        The file.
    tiff : TiffFile
        The same file, open.
    series : int
        Number of the image in ``tiff.series``.

    Returns
    -------
    tuple of str
        How many planes and images are missing, and which; empty if all are there.
    """
    if not tiff.is_ome:
        return ()
    image = tiff.series[series]
    if image.kind != "ome":
        return _not_followed(path) if _images_described(tiff) else ()
    absent = [i for i, page in enumerate(image) if page is None]
    files = _unreadable_files(path) if absent or _images_described(tiff) > len(tiff.series) else []
    sentences = []
    if absent:
        sentences.append(
            f"{len(absent)} of {len(image)} planes of {path} are missing and read as 0 (black): "
            f"{_places(image, absent)}{_listed_files(files)}"
        )
    if (nothing := _images_described(tiff) - len(tiff.series)) > 0:
        sentences.append(
            f"{path} describes {nothing} more image{'s' * (nothing > 1)} of which no plane can be "
            f"read{_listed_files(files)}"
        )
    return tuple(sentences)


def _not_followed(path: Path) -> tuple[str, ...]:
    """Sentence about an image in several files whose OME-XML tifffile gave up on."""
    others = companion_files(path)
    if not others:
        return ()
    return (
        f"the OME-XML of {path} names {len(others)} more files and cannot be followed: only the "
        "planes in this file are read",
    )


def _places(image: tifffile.TiffPageSeries, absent: list[int]) -> str:
    """Such as ``t 1 z 0, t 1 z 1``: the place of each missing plane along the axes before it."""
    plane_ndim = len(image.keyframe.shape)
    axes, shape = image.axes[:-plane_ndim].lower(), image.shape[:-plane_ndim]
    if not axes:
        return "the only one"
    places = [np.unravel_index(i, shape) for i in islice(absent, _MOST_LISTED)]
    texts = [
        " ".join(f"{axis} {i}" for axis, i in zip(axes, place, strict=True)) for place in places
    ]
    return ", ".join(texts) + (" ..." if len(absent) > _MOST_LISTED else "")


def _unreadable_files(path: Path) -> list[str]:
    """Names of the other files of an image that are missing, empty or no TIFF."""
    return sorted(file.name for file in companion_files(path) if not _is_tiff(file))


def _is_tiff(path: Path) -> bool:
    if path.suffix.lower() not in (".tif", ".tiff"):  # metadata in a file of their own
        return path.is_file()
    try:
        with tifffile.TiffFile(path) as tiff:
            return len(tiff.pages) > 0
    except (OSError, ValueError):
        return False


def _listed_files(files: list[str]) -> str:
    if not files:
        return ""
    names = ", ".join(files[:_MOST_LISTED]) + (" ..." if len(files) > _MOST_LISTED else "")
    return f"; {len(files)} file{'s' * (len(files) > 1)} missing or damaged: {names}"


def _images_described(tiff: tifffile.TiffFile) -> int:
    """Number of images in the OME-XML."""
    return len(ome_images(tiff.ome_metadata or ""))
