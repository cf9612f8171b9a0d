"""Read TIFF: an image of a TIFF, OME-TIFF or ImageJ TIFF, with planes of its other files."""

from pathlib import Path

import tifffile

from napari_sam.errors import ImageError

from .axis_names import tifffile_letters
from .companions import companion_files, metadata_file, ome_xml
from .decode.tiff_series import tiff_pixels
from .lossy import lossy_tiff
from .missing_planes import missing_planes
from .series import Series, choose_series
from .stored_image import StoredImage
from .tiff_spacing import tiff_channel_names, tiff_spacing

TIFFS = frozenset({".tif", ".tiff", ".lsm", ".svs", ".ndpi", ".qptiff", ".btf"})
"""Suffixes of TIFFs; ``.companion.ome`` holds the metadata of some."""


def read_tiff(path: Path, series: Series | None = None, labels: bool = False) -> StoredImage:
    """Open an image of a TIFF; pixels are read later where the layout of the file allows.

    Parameters
    ----------
    path : Path
        A file; of an OME-TIFF in several files any of them, or the ``.companion.ome``.
    series : int or str, optional
        Number or name of the image; the first by default.
    labels : bool
        Whether the values are labels, see :func:`~napari_sam.image.decode.tiff_series.tiff_pixels`.

    Returns
    -------
    StoredImage
        With a warning if there are several images, or planes of it are missing.
    """
    tiff, warnings = _opened(path)
    try:
        images = tiff.series
        number, choice = choose_series(str(path), [image.name for image in images], series)
        image = images[number]
        spacing = tiff_spacing(tiff, number)
        channel_names = tiff_channel_names(tiff, number)
        missing = missing_planes(path, tiff, number)
        lossy = lossy_tiff(path, image.keyframe) if labels else ()
        pixels = tiff_pixels(tiff, image, labels)  # last: pixels in memory close the file
    except BaseException:
        tiff.close()
        raise
    return StoredImage(
        data=pixels.levels[0],
        letters=tifffile_letters(pixels.axes),
        spacing=spacing,
        series=number if len(images) > 1 else None,
        warnings=(*warnings, *choice, *missing, *lossy),
        levels=pixels.levels,
        channel_names=channel_names,
    )


def _opened(path: Path) -> tuple[tifffile.TiffFile, tuple[str, ...]]:
    """TIFF with the metadata of the whole image, and a sentence if only other files have them."""
    if path.suffix.lower() not in TIFFS:
        return _opened_by_metadata(path), ()
    file = metadata_file(path, ome_xml(path))
    xml = "" if file is None else ome_xml(file)
    if file is None or file == path:
        return tifffile.TiffFile(path), ()
    if not xml:
        return tifffile.TiffFile(path), (
            f"{path} is a file of an image whose metadata are in {file.name}, which is missing or "
            "damaged: only the planes in this file are read",
        )
    if file.suffix.lower() in (".tif", ".tiff"):  # tifffile takes the file of the XML for its own
        return tifffile.TiffFile(file), ()
    return tifffile.TiffFile(path, omexml=xml), ()


def _opened_by_metadata(path: Path) -> tifffile.TiffFile:
    """First TIFF of an image whose metadata are in a file of their own, with these metadata."""
    files = sorted(file for file in companion_files(path) if file.is_file())
    if not files:
        raise ImageError(f"{path} names no file that is there: put the TIFFs beside it")
    return tifffile.TiffFile(files[0], omexml=ome_xml(path))
