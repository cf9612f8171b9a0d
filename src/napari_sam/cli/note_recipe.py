"""Note recipe: the recipe of a command's result."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .note_tables import no_recipe
from .task import Method, Task

if TYPE_CHECKING:
    from napari_sam.recipe.inputs import FileRecord
    from napari_sam.recipe.record import SegmentRecord
    from napari_sam.session import Session


def note_segmentation(task: Task, method: Method, session: "Session") -> dict[str, str]:
    """Write the recipe of a finished task, unless the method has none.

    Parameters
    ----------
    task : Task
        The image and its prompts; all its files are written.
    method : Method
        How it was segmented.
    session : Session
        Session on the image, with the labels.

    Returns
    -------
    dict
        ``recipe`` and its path, for the summary; empty without a recipe.

    Raises
    ------
    OutputError
        If the recipe cannot be written; the labels are.
    """
    from napari_sam.recipe.describe import (
        describe_contrast,
        describe_image,
        describe_model,
        threads,
    )
    from napari_sam.recipe.identity import identify_labels, identify_output
    from napari_sam.recipe.place import write_recipe
    from napari_sam.recipe.record import Command, Recipe
    from napari_sam.recipe.versions import environment

    if not method.recipe:
        return no_recipe(task.output)
    others = [(task.tracks, "tracks"), *((path, "measurements") for path in task.measures)]
    settings = method.settings
    weights = settings.model_name if os.path.isfile(settings.model_name) else ""
    is_automatic = settings.image.contrast is None and settings.exact is None
    recipe = Recipe(
        command=Command.SEGMENT,
        environment=environment(threads()),
        outputs=(
            identify_labels(task.output, session.labels),
            *(identify_output(path, role) for path, role in others if path is not None),
        ),
        image=describe_image(session.volume),
        model=describe_model(session, weights, str(settings.learned or "")),
        contrast=describe_contrast(session.mapping, is_automatic),
        segment=_options(task, method),
    )
    return {"recipe": str(write_recipe(recipe, task.output))}


def _options(task: Task, method: Method) -> "SegmentRecord":
    from napari_sam.recipe.record import SegmentRecord

    return SegmentRecord(
        points=None if task.points is None else _with_text(task.points, "file of points"),
        boxes=None if task.boxes is None else _with_text(task.boxes, "file of boxes"),
        propagate=method.propagate,
        link=method.link,
        along=method.along,
        track=method.track,
        skip_empty=method.skip_empty,
        ome_zarr_version=method.ome_zarr_version,
    )


def _with_text(path: Path, role: str) -> "FileRecord":
    """A table of prompts with its text."""
    from napari_sam.recipe.identity import identify_file

    return replace(identify_file(path, role), text=path.read_text(encoding="utf-8-sig"))
