"""Model: weights, learned weights and processor of a recipe, checked on this machine."""

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.cli.report import warn
from napari_sam.cli.settings import fetch_weights
from napari_sam.errors import LearningError, RecipeError

from .options import RerunOptions

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam
    from napari_sam.recipe.inputs import LearnedRecord, ModelRecord


def model_of(record: "ModelRecord", options: RerunOptions) -> str:
    """Name of the model of a recipe, or the path of its file of weights here.

    Raises
    ------
    RecipeError
        If the file is not there, or is another.
    ModelError
        If there is no model of the name, or its weights cannot be downloaded.
    """
    if record.file is not None:
        return options.inputs.checked_file(record.file)
    fetch_weights(record.name, quiet=options.quiet)
    return record.name


def check_weights(model: "Sam", record: "ModelRecord", options: RerunOptions) -> None:
    """Compare the weights of a loaded model with those of a recipe.

    Raises
    ------
    RecipeError
        If they are others and nothing is forced.
    """
    from napari_sam.weights.load import weights_hash

    if record.file is not None or weights_hash(model) == record.weights:
        return  # a file was compared byte by byte
    line = f"the model {record.name} has other weights here than in the recipe"
    if not options.inputs.force:
        raise RecipeError(
            f"{line}: install the napari-sam of the recipe (napari-sam recipe shows it), give the "
            "same weights, or add --force"
        )
    warn(line)


def learned_file(record: "LearnedRecord", folder: Path, options: RerunOptions) -> Path:
    """File of learned weights: from the recipe, written into a folder, or found here.

    Raises
    ------
    RecipeError
        If it is not there, or not what the recipe says.
    """
    from napari_sam.learning.delta import load_delta
    from napari_sam.learning.keep import delta_hash, delta_path

    path = delta_path(folder, record.hash if record.hash.isalnum() else "learned")
    if record.content is not None:
        try:
            path.write_bytes(base64.b64decode(record.content, validate=True))
        except (binascii.Error, ValueError) as error:
            raise RecipeError("the learned weights in the recipe are damaged") from error
    elif record.file is not None:
        path = Path(options.inputs.checked_file(record.file))
    else:
        raise RecipeError("the recipe says neither the learned weights nor their file")
    try:
        is_same = delta_hash(load_delta(path)) == record.hash
    except LearningError as error:
        raise RecipeError(f"the learned weights of the recipe are damaged: {error}") from error
    options.inputs.accept(is_same, str(path), "file of learned weights")
    return path


def device_of(record: "ModelRecord", options: RerunOptions) -> str:
    """Device for the model: as the option says, or as in the recipe where this machine has it."""
    import torch

    from napari_sam.weights.load import best_device

    if options.device is not None:
        return options.device
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(record.device, True):
        best = best_device()
        warn(
            f"the recipe is of a model on {record.device}, which is not here: on {best}, single "
            "pixels may differ"
        )
        return best
    return record.device


def warn_of_precision(record: "ModelRecord", device: str) -> None:
    """Warn if this processor is slow with the arithmetic of a recipe."""
    from napari_sam.weights.precision import fastest_precision

    if record.precision == "bf16" and fastest_precision(device) != "bf16":
        warn(
            "the recipe is of bfloat16, which this processor emulates: it takes longer, and gives "
            "the same"
        )
