"""Note replay: the recipe of labels that were made from a journal."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume
    from napari_sam.labels.label_array import LabelArray
    from napari_sam.recipe.inputs import LearnedRecord
    from napari_sam.recipe.record import PaintRecord
    from napari_sam.session import Session


def note_replay(
    output: Path,
    labels: "LabelArray",
    volume: "Volume",
    paint: "PaintRecord",
    session: "Session | None",
    lessons: Path,
    weights: str,
) -> dict[str, str]:
    """Write the recipe of replayed labels.

    Parameters
    ----------
    output : Path
        The written labels.
    labels : array-like
        Their values.
    volume : Volume
        The image.
    paint : PaintRecord
        Entries of the journal.
    session : Session or None
        Session whose model was asked; None for pixels that were painted as they were.
    lessons : Path
        Folder with what models had learned.
    weights : str
        File of weights, if the model was given as a file.

    Returns
    -------
    dict
        ``recipe`` and its path, for the summary.
    """
    from napari_sam.recipe.describe import (
        describe_contrast,
        describe_image,
        describe_model,
        threads,
    )
    from napari_sam.recipe.identity import identify_labels
    from napari_sam.recipe.place import write_recipe
    from napari_sam.recipe.record import Command, Recipe
    from napari_sam.recipe.versions import environment

    recipe = Recipe(
        command=Command.PAINT,
        environment=environment(threads()),
        outputs=(identify_labels(output, labels),),
        image=describe_image(volume),
        paint=paint,
    )
    if session is not None:
        model = replace(
            describe_model(session, weights), learned=None
        )  # each entry says what was learned
        asked = replace(paint, ask=True, learned=_learned(paint, model.weights, lessons))
        contrast = describe_contrast(session.mapping)
        recipe = replace(recipe, model=model, contrast=contrast, paint=asked)
    return {"recipe": str(write_recipe(recipe, output))}


def _learned(paint: "PaintRecord", base: str, lessons: Path) -> "tuple[LearnedRecord, ...]":
    """What the model with the weights `base` had learned when it answered, each once."""
    from napari_sam.learning.keep import delta_path, read_delta
    from napari_sam.recipe.describe import describe_delta

    weights = [str(entry.get("weights", "")) for entry in paint.entries if entry.get("prompts")]
    hashes = [text.partition("+")[2] for text in weights if text.startswith(f"{base}+")]
    return tuple(
        describe_delta(read_delta(lessons, digest), str(delta_path(lessons, digest)))
        for digest in dict.fromkeys(hashes)
    )
