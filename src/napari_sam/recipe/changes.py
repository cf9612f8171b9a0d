"""Changes: files of a recipe that are gone, or have other content now."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from napari_sam.errors import NapariSamError
from napari_sam.image.arranged_array import arranged
from napari_sam.image.arrangement import Arrangement
from napari_sam.image.fit import fit_dimensions
from napari_sam.image.read import read_image
from napari_sam.image.volume import Volume

from .identity import identify_file, is_same_image, label_digest
from .inputs import FileRecord, ImageRecord
from .paths import files_of
from .record import Recipe


def changes(recipe: Recipe) -> Iterator[str]:
    """Yield a line for each input and output that is not as a recipe says.

    Arrays in memory, folders and URLs are not compared.

    Parameters
    ----------
    recipe : Recipe
        With paths as this process sees them, from :func:`~napari_sam.recipe.read.read_recipe`.
    """
    for file in files_of(recipe):
        if not file.path or "://" in file.path or not file.digest:
            continue
        if os.path.exists(file.path):
            yield from _change(file, recipe.image)
        elif file.text is None:  # prompts are in the recipe
            yield f"{file.path}: the {file.role} is not there"


def _change(file: FileRecord, image: ImageRecord | None) -> Iterator[str]:
    try:
        if not _is_same(file, image):
            yield f"{file.path}: the {file.role} has other content"
    except NapariSamError as error:
        yield str(error)


def _is_same(file: FileRecord, image: ImageRecord | None) -> bool:
    if image is not None and file == image.file and os.path.isdir(file.path):
        return is_same_image(_read(image), file)
    if file.digest.startswith("xxh128-pixels:"):  # of labels, in any format
        return label_digest(_read_labels(file.path, image)) == file.digest
    return identify_file(Path(file.path), file.role).digest == file.digest


def _read(image: ImageRecord) -> Volume:
    channels = image.channels if "C" in image.axes else None
    return read_image(
        image.file.path, axes=image.given_axes, series=image.series, channels=channels
    )


def _read_labels(path: str, image: ImageRecord | None) -> Any:
    """Labels with the axes of their image: a file may leave out axes of length 1."""
    labels = read_image(path, labels=True).data
    if image is None:
        return labels
    axes = image.label_axes
    dimensions = fit_dimensions(None, labels.shape, axes, image.label_shape)
    return labels if dimensions is None else arranged(labels, Arrangement(axes, dimensions))
