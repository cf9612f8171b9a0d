"""Note tables: recipes of measurements and of training data."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_sam.evaluate.ground_truth import Pair
    from napari_sam.image.volume import Volume
    from napari_sam.recipe.inputs import FileRecord
    from napari_sam.recipe.record import Recipe


def check_recipe(output: Path, *, write: bool) -> None:
    """Refuse an output before the work, if its recipe would replace a file that is none.

    Raises
    ------
    OutputError
        If so.
    """
    from napari_sam.recipe.place import check_recipe_place

    if write:
        check_recipe_place(output)


def note_measures(
    outputs: Sequence[Path],
    labels: Path,
    image: "Volume | None",
    *,
    write: bool,
    **options: Any,
) -> dict[str, str]:
    """Write the recipe of measurements beside the first file.

    Parameters
    ----------
    outputs : sequence of Path
        The written files.
    labels : Path
        The labels.
    image : Volume or None
        The image.
    write : bool
        Whether to write it.
    **options
        Options of the command: fields of :class:`~napari_sam.recipe.record.MeasureRecord`.

    Returns
    -------
    dict
        ``recipe`` and its path, for the summary; empty without a recipe.
    """
    from napari_sam.labels.files.class_files import class_table_path
    from napari_sam.recipe.describe import describe_image
    from napari_sam.recipe.identity import identify_file, identify_output
    from napari_sam.recipe.record import Command, MeasureRecord, Recipe
    from napari_sam.recipe.versions import environment

    if not write:
        return no_recipe(outputs[0])
    table = class_table_path(labels)
    recipe = Recipe(
        command=Command.MEASURE,
        environment=environment(),
        outputs=tuple(identify_output(path, "measurements") for path in outputs),
        image=None if image is None else describe_image(image),
        measure=MeasureRecord(
            labels=_identify(labels, "labels"),
            classes=identify_file(table, "table of classes") if table.is_file() else None,
            **options,
        ),
    )
    return _written(recipe, outputs[0])


def note_export(
    output: Path,
    images: Path,
    labels: Path | None,
    pairs: "Sequence[Pair]",
    *,
    write: bool,
    **options: Any,
) -> dict[str, str]:
    """Write the recipe of training data beside their folder.

    Parameters
    ----------
    output : Path
        The written folder.
    images, labels : Path
        Arguments of the command.
    pairs : sequence of Pair
        Images and labels that were read.
    write : bool
        Whether to write it.
    **options
        Options of the command: fields of :class:`~napari_sam.recipe.record.ExportRecord`.

    Returns
    -------
    dict
        As of :func:`note_measures`.
    """
    from napari_sam.recipe.inputs import FileRecord
    from napari_sam.recipe.record import Command, ExportRecord, Recipe
    from napari_sam.recipe.versions import environment

    if not write:
        return no_recipe(output)
    files = [_identify(path, role) for pair in pairs for path, role in _paths(pair)]
    recipe = Recipe(
        command=Command.EXPORT,
        environment=environment(),
        outputs=(FileRecord("training data", str(output), 0, ""),),
        export=ExportRecord(
            images=FileRecord("images", str(images), 0, ""),
            labels=None if labels is None else FileRecord("labels", str(labels), 0, ""),
            files=tuple(files),
            **options,
        ),
    )
    return _written(recipe, output)


def _paths(pair: "Pair") -> list[tuple[Path, str]]:
    labels = [] if pair.labels is None else [(pair.labels, "labels")]
    return [(pair.image, "image"), *labels]


def _identify(path: Path, role: str) -> "FileRecord":
    """A file; of a zarr folder the pixels of the first image, of other folders nothing."""
    from napari_sam.image.read import read_image
    from napari_sam.labels.files.image_group import is_zarr
    from napari_sam.recipe.identity import identify_file, identify_image
    from napari_sam.recipe.inputs import FileRecord

    if path.is_file():
        return identify_file(path, role)
    if path.is_dir() and is_zarr(path) and path.name != "labels":
        return identify_image(read_image(path, labels=role == "labels"), role)
    return FileRecord(role, str(path), 0, "")


def _written(recipe: "Recipe", output: Path) -> dict[str, str]:
    from napari_sam.recipe.place import write_recipe

    return {"recipe": str(write_recipe(recipe, output))}


def no_recipe(output: Path) -> dict[str, str]:
    """Remove the recipe of an older result beside a new one without; nothing for the summary."""
    from napari_sam.recipe.place import remove_recipe

    remove_recipe(output)
    return {}
