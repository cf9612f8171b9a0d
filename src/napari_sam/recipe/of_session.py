"""Of session: labels of a program, saved with a recipe."""

from pathlib import Path

from napari_sam.encoded_image import EncodedImage
from napari_sam.journal.entry import ACCEPTED, Entry, Origin
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.edit_history import NotedEdit
from napari_sam.labels.files.write_tracks import TRACK_SUFFIXES
from napari_sam.labels.label_book import LabelBook
from napari_sam.mosaic.mosaic import Mosaic

from .describe import describe_contrast, describe_image, describe_model, threads
from .identity import identify_labels, label_digest
from .inputs import ModelRecord
from .of_journal import paint_record, painted
from .place import check_recipe_place, write_recipe
from .record import Command, Recipe, SegmentRecord
from .versions import environment


def save_with_recipe(
    image: EncodedImage,
    book: LabelBook,
    path: str | Path,
    overwrite: bool = False,
    classes: ClassTable | None = None,
    ome_zarr_version: str | None = None,
) -> list[Path]:
    """Save labels and their recipe; tracks are saved without one.

    Labels of a mosaic get a recipe that finds all objects again. Any other labels get a journal of
    the painted objects, with the prompts where the session answered prompts.

    Parameters
    ----------
    image : EncodedImage
        The session.
    book : LabelBook
        Its labels.
    path, overwrite, classes, ome_zarr_version
        As for :meth:`LabelBook.save <napari_sam.labels.label_book.LabelBook.save>`.

    Returns
    -------
    list of Path
        The files that were written, without the recipe.

    Raises
    ------
    LabelError, OutputError
        As there; OutputError too if another file lies where the recipe belongs.
    """
    path = Path(path)
    if path.suffix.lower() in TRACK_SUFFIXES:
        return book.save(path, overwrite, classes, ome_zarr_version)
    check_recipe_place(path)
    files = book.save(path, overwrite, classes, ome_zarr_version)
    write_recipe(_recipe(image, book, path, classes, ome_zarr_version), path)
    return files


def _recipe(
    image: EncodedImage,
    book: LabelBook,
    path: Path,
    classes: ClassTable | None,
    ome_zarr_version: str | None,
) -> Recipe:
    model, labels = describe_model(image), book.labels
    segment = paint = None
    if isinstance(labels, Mosaic):
        segment = SegmentRecord(skip_empty=labels.skip_empty, ome_zarr_version=ome_zarr_version)
    else:
        axes, shape = image.volume.label_axes, image.volume.label_shape
        entries = [_entry(noted, model) for noted in book.edits]
        complete = label_digest(painted(entries, shape)) == label_digest(labels)
        paint = paint_record(entries, axes, shape, classes, complete, ome_zarr_version)
    return Recipe(
        command=Command.PAINT if segment is None else Command.SEGMENT,
        environment=environment(threads()),
        outputs=(identify_labels(path, labels),),
        image=describe_image(image.volume),
        model=model,
        contrast=describe_contrast(image.mapping),
        segment=segment,
        paint=paint,
    )


def _entry(noted: NotedEdit, model: ModelRecord) -> Entry:
    """Entry of a journal about an edit."""
    weights = model.weights if model.learned is None else f"{model.weights}+{model.learned.hash}"
    origin = Origin(noted.prompts, model.name, weights)
    return Entry(ACCEPTED, (noted.edit,), origin, noted.label)
