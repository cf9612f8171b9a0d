"""Layer recipe: what was done in the dock, beside or inside the labels that napari saves."""

import warnings
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_warning

from napari_sam.errors import NapariSamError
from napari_sam.journal.journal import Journal
from napari_sam.labels.files.stack import label_stack
from napari_sam.labels.files.write import WriteOptions
from napari_sam.labels.label_array import LabelArray
from napari_sam.recipe.of_journal import layer_recipe
from napari_sam.recipe.place import check_recipe_place, write_recipe


def write_layer_recipe(
    journal: Journal,
    path: Path,
    labels: LabelArray,
    options: WriteOptions,
) -> None:
    """Write the recipe of saved labels from their journal; a failure is a warning.

    Parameters
    ----------
    journal : Journal
        Journal of the layer.
    path : Path
        The saved labels.
    labels : array-like
        Their values, without an axis of channels.
    options : WriteOptions
        Options with which they were written.
    """
    place: Any = {name: options.get(name) for name in ("axes", "scale", "translate", "units")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about an unknown unit, the writer has said it
        calibration = label_stack(labels, **place).data_calibration
    classes = options.get("classes")
    try:
        check_recipe_place(path)
        write_recipe(layer_recipe(journal, path, labels, calibration, classes), path)
    except NapariSamError as error:
        show_warning(f"the labels are saved, but without a recipe: {error}")
