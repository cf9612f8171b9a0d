"""Open: a file, an array or a Volume as a Volume."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_sam.errors import ImageError

from .read import read_image
from .volume import Volume

_FIELDS = ("axes", "channels", "scale", "units", "translate", "name", "warnings", "revision")
_FOR_READING = ("axes", "channels", "series")


def open_volume(image: Any, **fields: Any) -> Volume:
    """Make a Volume of a file, an array or another Volume.

    Parameters
    ----------
    image : path, array-like or Volume
        TIFF, OME-Zarr, npy, PNG; or any array with shape, dtype and slicing.
    **fields
        ``axes``, ``channels``, ``scale``, ``units``, ``translate`` or ``name`` of
        :meth:`Volume.from_array <napari_sam.image.volume.Volume.from_array>`, and for a file the
        ``series`` of :func:`~napari_sam.image.read.read_image`. They override the values of a file
        or a Volume; None leaves a value as it is.

    Returns
    -------
    Volume

    Raises
    ------
    ImageError
        If the image cannot be read, or the fields do not fit it.
    """
    overrides = {name: value for name, value in fields.items() if value is not None}
    if isinstance(image, str | Path):
        for_reading = {name: overrides.pop(name) for name in _FOR_READING if name in overrides}
        image = read_image(image, **for_reading)
    if "series" in overrides:
        raise ImageError("series chooses an image of a file: give the path of the file")
    if not isinstance(image, Volume):
        return Volume.from_array(image, **overrides)
    if not overrides:
        return image
    present = {name: getattr(image, name) for name in _FIELDS}
    coarse = None if image.coarse is None else image.coarse.data
    volume = Volume.from_array(image.data, coarse=coarse, **(present | overrides))
    if volume.axes != image.axes:  # with other axes the file would be read into another image
        return volume
    return replace(volume, file=image.file, channel_names=image.channel_names)
