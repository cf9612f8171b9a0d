"""Read LIF: a series of a file of Leica, with liffile."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from liffile import LifFile

from napari_sam.image.axis_names import COLOUR
from napari_sam.image.physical_size import Spacing
from napari_sam.image.series import Series, choose_series
from napari_sam.image.stored_image import StoredImage

_UNITS = {"X": (1e6, "micrometer"), "Y": (1e6, "micrometer"), "Z": (1e6, "micrometer")} | {
    "T": (1.0, "second")
}
"""Letter of an axis -> factor from the metres or seconds of the file, and the unit."""

_SPECTRA = ("λ", "Λ")
"""liffile's letters for the wavelength of emission and of excitation."""

_CHANNEL = "./Data/Image/ImageDescription/Channels/ChannelDescription"


def read(path: Path, series: Series | None = None) -> StoredImage:
    """Open a series; its pixels are mapped into memory.

    Parameters
    ----------
    path : Path
        The file.
    series : int or str, optional
        Number of the series, or its name with those of the folders around it; the first by default.
    """
    with LifFile(path) as file:
        images = list(file.images)
        names = [image.path for image in images]
        number, choice = choose_series(str(path), names, series)
        image = images[number]
        return StoredImage(
            data=_pixels(image),
            letters=tuple(_letter(dim, image.dims) for dim in image.dims),
            spacing=_spacing(image),
            series=number if len(images) > 1 else None,
            warnings=choice,
            channel_names=_channel_names(image),
        )


def _pixels(image: Any) -> Any:
    """Pixels on disk as an array; rows with a padding, which colours may have, are read at once."""
    block = image.memory_block
    if math.prod(image.shape) * image.dtype.itemsize != block.size:
        return image.asarray()
    pixels = block.read_array(image.shape, image.dtype, out="memmap")
    tags = [channel.get("ChannelTag") for channel in _channels(image)]
    is_bgr = image.dims[-1] == COLOUR and tags[:2] == ["3", "2"]
    return pixels[..., ::-1] if is_bgr else pixels


def _letter(dimension: str, dimensions: tuple[str, ...]) -> str:
    """Letter of an axis; a spectrum is channels where there are no others."""
    return "C" if dimension in _SPECTRA and "C" not in dimensions else dimension


def _spacing(image: Any) -> Spacing:
    spacing: dict[str, tuple[float, str]] = {}
    for dimension, (factor, unit) in _UNITS.items():
        places = image.coords.get(dimension, ())
        if len(places) > 1 and (step := abs(float(places[1] - places[0]))) > 0:
            spacing[dimension] = (float(f"{step * factor:.9g}"), unit)
    return spacing


def _channel_names(image: Any) -> tuple[str, ...]:
    """Names of the lookup tables, such as Green: LIF has no others for all its channels."""
    if image.sizes.get("C", 1) == 1:
        return ()
    return tuple(channel.get("LUTName") or "" for channel in _channels(image))


def _channels(image: Any) -> list[Any]:
    """Elements of the metadata about channels, in the order of their bytes."""
    channels = image.xml_element.findall(_CHANNEL)
    return sorted(channels, key=lambda channel: int(np.float64(channel.get("BytesInc", 0))))
