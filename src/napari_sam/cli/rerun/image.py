"""Image: image of a recipe, read with the recipe's options, and compared with its digest."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .inputs import Inputs

if TYPE_CHECKING:
    from napari_sam.image.calibration import Calibration
    from napari_sam.image.volume import Volume
    from napari_sam.recipe.inputs import ImageRecord


def read_image_of(record: "ImageRecord", path: Path | str, inputs: Inputs) -> "Volume":
    """Open the image of a recipe with the axes, channels, and size of a pixel of the recipe.

    Raises
    ------
    RecipeError
        If it is another image, and nothing is forced.
    ImageError
        If it cannot be read.
    """
    volume = _read(record, path, record.given_axes if record.file.path else record.axes)
    if volume.axes != record.axes:  # this version guesses other axes
        volume = _read(record, path, record.axes)
    inputs.checked_volume(volume, record, str(path))
    size = {"scale": record.scale, "translate": record.translate, "units": record.units}
    return replace(volume, **size, channels=record.channels)  # type: ignore[arg-type]


def calibration_of(record: "ImageRecord") -> "Calibration":
    """Size, place and units of the pixels of labels of an image."""
    from napari_sam.image.calibration import Calibration

    return Calibration(record.label_axes, record.scale, record.translate, record.units)


def _read(record: "ImageRecord", path: Path | str, axes: str | None) -> "Volume":
    from napari_sam.image.read import read_image

    channels = record.channels if "C" in record.axes else None
    return read_image(path, axes=axes, channels=channels, series=record.series)
