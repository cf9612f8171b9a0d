"""Follow paint: labels of a journal in a recipe, painted again, or asked for again."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from napari_sam.cli.labels_in_use import labels_in_use
from napari_sam.cli.replay import ask_again
from napari_sam.cli.report import progress
from napari_sam.cli.settings import path_or_url
from napari_sam.cli.target import check_output
from napari_sam.errors import LabelError, NapariSamError, RecipeError

from .follow_segment import version_for
from .image import calibration_of
from .model import check_weights, learned_file
from .options import RerunOptions
from .result import note_labels
from .settings import recipe_settings

if TYPE_CHECKING:
    from napari_sam.image.arrangement import Arrangement
    from napari_sam.journal.entry import Entry
    from napari_sam.labels.label_array import LabelArray
    from napari_sam.recipe.inputs import ImageRecord
    from napari_sam.recipe.record import PaintRecord, Recipe


def follow_paint(recipe: "Recipe", output: Path, options: RerunOptions) -> dict[str, Any]:
    """Make the labels of a journal again; arguments and errors as for `follow_segment`.

    Pixels are painted as they were, without a model, unless the recipe is of answers to prompts.

    Returns
    -------
    dict
        ``objects``, ``files``, ``labels`` and ``recipe``.
    """
    from napari_sam.image.arranged_array import arranged
    from napari_sam.labels.files.write import write_labels
    from napari_sam.recipe.of_journal import painted
    from napari_sam.recipe.read import needed

    paint, image = needed(recipe.paint), needed(recipe.image)
    _check_complete(paint, output, options)
    version = version_for(output, paint.ome_zarr_version)
    source = _source(image, options, is_needed=paint.ask)
    check_output(output, Path(source or "."), overwrite=options.overwrite, ome_zarr_version=version)
    entries, arrangement = _entries(paint), _arrangement(paint, image)
    if paint.ask:
        labels = _answered(recipe, entries, source, options)
    else:
        labels = arranged(painted(entries, paint.shape), arrangement)
    files = write_labels(
        output,
        labels,
        calibration_of(image),
        source=source or None,
        overwrite=options.overwrite,
        classes=_classes(paint),
        ome_zarr_version=version,
    )
    noted = note_labels(recipe, output, labels, None, write=options.recipe)
    return {"objects": len(labels_in_use(labels)), "files": files, **noted}


def _check_complete(paint: "PaintRecord", output: Path, options: RerunOptions) -> None:
    """Refuse a journal that does not make all labels, unless forced."""
    if not paint.complete and not options.inputs.force:
        raise RecipeError(
            f"the recipe does not make all of {output.name}: labels were there before, or were "
            "painted without napari-sam; add --force for those of the recipe"
        )


def _source(image: "ImageRecord", options: RerunOptions, *, is_needed: bool) -> str:
    """Path of the image here; empty where it is not there, and pixels are only painted."""
    try:
        return options.inputs.checked_file(image.file)
    except RecipeError:
        if is_needed or options.inputs.names(image.file):
            raise
        return ""


def _entries(paint: "PaintRecord") -> "list[Entry]":
    """Entries of the journal; raises RecipeError for a damaged entry."""
    from napari_sam.journal.entry import Entry

    try:
        return [Entry.from_record(entry, paint.shape) for entry in paint.entries]
    except NapariSamError as error:
        raise RecipeError(f"the journal in the recipe is damaged: {error}") from error


def _classes(paint: "PaintRecord") -> Any:
    from napari_sam.labels.classes import ClassTable

    try:
        return None if paint.classes is None else ClassTable.from_json(paint.classes)
    except NapariSamError as error:
        raise RecipeError(f"the classes in the recipe are damaged: {error}") from error


def _arrangement(paint: "PaintRecord", image: "ImageRecord") -> "Arrangement":
    """Order in which the labels of the journal are those of the image."""
    from napari_sam.recipe.of_journal import arrangement_of

    try:
        return arrangement_of(paint.axes, paint.shape, image.label_axes, image.label_shape)
    except LabelError as error:
        raise RecipeError(f"the recipe is damaged: {error}") from error


def _answered(
    recipe: "Recipe", entries: "list[Entry]", source: str, options: RerunOptions
) -> "LabelArray":
    """Labels that the model of the recipe makes of the prompts."""
    from napari_sam.recipe.read import needed

    with TemporaryDirectory(prefix="napari-sam-") as folder:
        settings = recipe_settings(recipe, Path(folder), options)
        session = settings.open(settings.read(path_or_url(source)), quiet=options.quiet)
        check_weights(session.model, needed(recipe.model), options)
        for learned in needed(recipe.paint).learned:
            learned_file(learned, Path(folder), options)
        steps = ask_again(session, entries, Path(folder))
        for _ in progress(steps, len(entries), "rerun", quiet=options.quiet):
            pass
        return session.labels
