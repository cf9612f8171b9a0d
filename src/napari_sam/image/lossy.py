"""Lossy: warnings about labels in files whose compression changes values."""

from pathlib import Path

import tifffile
from PIL import Image, UnidentifiedImageError

_JPEG = frozenset(
    {
        tifffile.COMPRESSION.OJPEG,
        tifffile.COMPRESSION.JPEG,
        tifffile.COMPRESSION.ALT_JPEG,
        tifffile.COMPRESSION.JPEG_LOSSY,
    }
)
"""Compressions of TIFF that keep colours for the eye; of others, such as JPEG 2000, a file does not
say whether values were changed."""


def lossy_picture(path: Path) -> tuple[str, ...]:
    """Sentence about labels in a JPEG, under any suffix.

    Parameters
    ----------
    path : Path
        A picture, as :func:`~napari_sam.image.decode.picture.read_picture` reads it.

    Returns
    -------
    tuple of str
        Empty for other pictures.
    """
    try:
        with Image.open(path) as picture:
            return _sentences(path) if picture.format == "JPEG" else ()
    except (UnidentifiedImageError, Image.DecompressionBombError):  # a PNG of many pixels
        return ()


def lossy_tiff(path: Path, page: tifffile.TiffPage) -> tuple[str, ...]:
    """Sentence about labels in a TIFF that is packed as JPEG; empty for other TIFFs.

    Parameters
    ----------
    path : Path
        The file.
    page : tifffile.TiffPage
        A page of the labels.
    """
    return _sentences(path) if page.compression in _JPEG else ()


def _sentences(path: Path) -> tuple[str]:
    return (
        f"{path} is compressed as JPEG, which changes values: labels in it are not those that were "
        "saved; save them as PNG or TIFF",
    )
