"""Result: a new output of a recipe, compared with the output of the recipe, with its own recipe."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.cli.report import warn
from napari_sam.cli.task import Method, Task

if TYPE_CHECKING:
    from napari_sam.labels.label_array import LabelArray
    from napari_sam.recipe.inputs import FileRecord, ImageRecord
    from napari_sam.recipe.record import Recipe
    from napari_sam.session import Session

SAME, OTHER = "equal to those of the recipe", "not those of the recipe"
"""Values of ``labels`` in the summary."""


def note_result(recipe: "Recipe") -> Callable[[Task, Method, "Session"], dict[str, str]]:
    """Function that compares the labels of a session with a recipe, and writes a new recipe."""

    def note(task: Task, method: Method, session: "Session") -> dict[str, str]:
        from napari_sam.recipe.describe import describe_image
        from napari_sam.recipe.read import needed

        image = describe_image(session.volume)
        model = replace(needed(recipe.model), device=session.device)
        changed = replace(recipe, model=model)
        return note_labels(changed, task.output, session.labels, image, write=method.recipe)

    return note


def note_labels(
    recipe: "Recipe",
    output: Path,
    labels: "LabelArray",
    image: "ImageRecord | None",
    *,
    write: bool,
) -> dict[str, str]:
    """Compare new labels with those of a recipe, and write the recipe of the new ones.

    Parameters
    ----------
    recipe : Recipe
        The recipe that was followed.
    output : Path
        The written labels.
    labels : array-like
        Their values.
    image : ImageRecord or None
        The image here; as in the recipe if None.
    write : bool
        Whether to write a recipe.

    Returns
    -------
    dict
        ``labels``, ``SAME`` or ``OTHER``; ``recipe`` and its path.
    """
    from napari_sam.recipe.identity import identify_labels, identify_output
    from napari_sam.recipe.place import remove_recipe, write_recipe

    new = identify_labels(output, labels)
    others = [output.with_name(Path(file.path).name) for file in recipe.outputs[1:]]
    roles = [file.role for file in recipe.outputs[1:]]
    outputs = (new, *(identify_output(*pair) for pair in zip(others, roles, strict=True)))
    summary = {"labels": compared(recipe.outputs[0], new)}
    if not write:
        remove_recipe(output)
        return summary
    followed = renewed(recipe, outputs)
    if image is not None:
        followed = replace(followed, image=image)
    return {**summary, "recipe": str(write_recipe(followed, output))}


def compared(old: "FileRecord", new: "FileRecord") -> str:
    """``SAME`` or ``OTHER``, with a warning for the other."""
    if old.digest == new.digest:
        return SAME
    warn(f"{new.path}: the labels are not those of the recipe")
    return OTHER


def renewed(recipe: "Recipe", outputs: "tuple[FileRecord, ...]") -> "Recipe":
    """The recipe of new outputs: written now, by these programs."""
    from napari_sam.recipe.describe import threads
    from napari_sam.recipe.record import VERSION
    from napari_sam.recipe.versions import environment

    return replace(
        recipe,
        outputs=outputs,
        environment=environment(None if recipe.model is None else threads()),
        version=VERSION,
    )
