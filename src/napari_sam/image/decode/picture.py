"""Picture: PNG, JPEG, BMP and GIF as arrays."""

import os
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from napari_sam.errors import ImageError

from .png_header import PngHeader

_PLAIN_MODES = frozenset({"1", "L", "I", "I;16", "I;16B", "F", "RGB", "RGBA"})
"""Pillow's modes whose pixels are grey levels or RGB; pictures of other modes are converted."""


def frame_count(path: Path) -> int:
    """Number of pictures in a file: the frames of an animated GIF, otherwise 1."""
    if path.suffix.lower() != ".gif":
        return 1
    with Image.open(path) as picture:
        return int(getattr(picture, "n_frames", 1))


def read_picture(path: Path, labels: bool = False, frame: int = 0) -> NDArray[Any]:
    """Read a picture: PNG of any size with 1 to 16 bits a value, JPEG, BMP or GIF.

    Parameters
    ----------
    path : Path
        The file; its first bytes decide whether it is a PNG.
    labels : bool
        Whether the indices of a palette are labels, and no colours.
    frame : int
        Number of the frame of an animated GIF.

    Returns
    -------
    ndarray
        ``(h, w)`` grey levels or indices, or ``(h, w, 3 or 4)`` colours; bool, uint8, uint16, or
        int32. Grey loses its transparency.

    Raises
    ------
    ImageError
        If the picture does not fit into the memory.
    """
    header = PngHeader.read(path)
    if header is None:
        with Image.open(path) as picture:
            picture.seek(frame)
            return _plain(picture, labels)
    _check_memory(path, header)
    try:
        if header.has_palette or header.bits < 8:
            with PngImageFile(path) as picture:  # Image.open refuses many pixels as an attack
                return _plain(picture, labels)
        pixels: NDArray[Any] = imagecodecs.png_decode(path.read_bytes())
    except MemoryError:
        raise ImageError(_too_large(path, header)) from None
    pixels = pixels.reshape(header.height, header.width, -1)[..., : header.colours]
    return pixels[..., 0] if header.colours == 1 else pixels


def _plain(picture: Image.Image, labels: bool) -> NDArray[Any]:
    if picture.mode == "LA":  # grey with transparency
        return np.asarray(picture.convert("L"))
    if labels and picture.mode == "P":
        return np.asarray(picture)
    # palettes and CMYK become RGB
    plain = picture if picture.mode in _PLAIN_MODES else picture.convert("RGB")
    return np.asarray(plain)


def _check_memory(path: Path, header: PngHeader) -> None:
    """Raise an ImageError if a picture is larger than all memory of the machine."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows: numpy says it when it gets no memory
        return
    if header.nbytes > memory:
        raise ImageError(_too_large(path, header))


def _too_large(path: Path, header: PngHeader) -> str:
    return (
        f"{path} is {header.width} x {header.height} pixels and needs "
        f"{header.nbytes / 1e9:.1f} GB of memory, more than there is: save it as a tiled TIFF or "
        "OME-Zarr, which is read in parts"
    )
