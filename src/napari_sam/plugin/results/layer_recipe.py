"""Layer recipe: what was done in the dock, beside or inside the labels that napari saves."""

from pathlib import Path

from napari.utils.notifications import show_warning

from napari_sam.errors import NapariSamError
from napari_sam.image.calibration import Calibration
from napari_sam.journal.journal import Journal
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray
from napari_sam.recipe.of_journal import layer_recipe
from napari_sam.recipe.place import check_recipe_place, write_recipe


def write_layer_recipe(
    journal: Journal,
    path: Path,
    labels: LabelArray,
    calibration: Calibration,
    classes: ClassTable | None,
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
    calibration : Calibration
        Their axes, and size of a pixel.
    classes : ClassTable or None
        Their classes.
    """
    try:
        check_recipe_place(path)
        write_recipe(layer_recipe(journal, path, labels, calibration, classes), path)
    except NapariSamError as error:
        show_warning(f"the labels are saved, but without a recipe: {error}")
