"""``napari-sam replay``: a journal of the napari dock to labels on disk."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam.errors import JournalError, cut

from .labels_in_use import labels_in_use
from .note_replay import note_replay
from .note_tables import check_recipe, no_recipe
from .option_groups import expand_groups
from .options import (
    DEFAULT_MODEL,
    DeviceOption,
    ImageOptions,
    OmeZarrVersionOption,
    OverwriteOption,
    PrecisionOption,
    RecipeOption,
    ReportOptions,
)
from .report import progress, report
from .settings import Settings, weights_file
from .target import check_output

if TYPE_CHECKING:
    from napari_sam.image.arrangement import Arrangement
    from napari_sam.image.volume import Volume
    from napari_sam.journal.entry import Entry
    from napari_sam.journal.subject import Subject
    from napari_sam.labels.classes import ClassTable
    from napari_sam.session import Session


JournalArgument = Annotated[Path, typer.Argument(metavar="JOURNAL", help="A .jsonl of the dock.")]
OutputOption = Annotated[
    Path, typer.Option("--output", "-o", help="Labels: .ome.zarr, .zarr, .ome.tif or .tif.")
]
ImageOption = Annotated[Path | None, typer.Option(help="The image, if it is not where it was.")]
AskedModelOption = Annotated[
    str | None, typer.Option(help="Ask this model again, instead of painting what was accepted.")
]


@expand_groups
def replay(
    journal: JournalArgument,
    output: OutputOption,
    *,
    image: ImageOption = None,
    model: AskedModelOption = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    image_options: ImageOptions,
    ome_zarr_version: OmeZarrVersionOption = None,
    overwrite: OverwriteOption = False,
    recipe: RecipeOption = True,
    report_options: ReportOptions,
) -> None:
    """Make the labels again that were accepted in napari, without a window.

    Without --model they are those that were accepted, pixel by pixel. With it, the clicks and boxes
    are given to that model; what was found automatically stays as it was. A model that learned in
    napari answers by what it had learned, from the files beside the journal.
    """
    from napari_sam.image.arranged_array import arranged
    from napari_sam.journal.read import read_subject
    from napari_sam.labels.files.write import write_labels
    from napari_sam.recipe.of_journal import paint_record, painted

    subject = read_subject(journal)
    entries, classes, damage = _read(journal, subject)
    source = image or Path(subject.path or subject.name)
    _check_inputs(source, journal, model or DEFAULT_MODEL, output)
    check_output(output, source, overwrite=overwrite, ome_zarr_version=ome_zarr_version)
    check_recipe(output, write=recipe)
    settings = Settings(model or DEFAULT_MODEL, device, image_options, precision=precision)
    volume = settings.read(source)
    arrangement = _arrangement(subject, volume, exact=model is not None)
    if model is None:
        session = None
        labels = arranged(painted(entries, subject.shape), arrangement)
        files = write_labels(
            output,
            labels,
            volume.calibration,
            source=source,
            overwrite=overwrite,
            classes=classes,
            ome_zarr_version=ome_zarr_version,
        )
    else:
        session = _answered(settings, volume, entries, journal, quiet=report_options.json)
        labels = session.labels
        saved = session.save(output, overwrite, classes, ome_zarr_version, recipe=False)
        files = [str(path) for path in saved]
    paint = paint_record(entries, subject.axes, subject.shape, classes, True, ome_zarr_version)
    weights = next(map(str, weights_file(model or DEFAULT_MODEL)), "")
    noted = no_recipe(output)
    if recipe:
        noted = note_replay(output, labels, volume, paint, session, journal.parent, weights)
    count, warnings = len(labels_in_use(labels)), [*volume.warnings, *damage]
    summary = {"objects": count, "files": files, **noted, "warnings": warnings}
    report(summary, as_json=report_options.json)


def _read(journal: Path, subject: "Subject") -> "tuple[list[Entry], ClassTable, list[str]]":
    """Read the changes, the classes, and the warning about damaged entries, if there are any.

    Raises
    ------
    JournalError
        If there is no change.
    """
    from napari_sam.journal.damaged import damage_warning
    from napari_sam.journal.journal import Journal

    content = Journal(journal, subject).content()
    damage = damage_warning(str(journal), content.damaged)
    if not content.changes:
        raise JournalError(damage or f"nothing was accepted in {journal}, or all of it was undone")
    return [*content.changes], content.classes, [damage] if damage else []


def _check_inputs(source: Path, journal: Path, model: str, output: Path) -> None:
    """Raise JournalError if there is no image, OutputError if the output would replace an input."""
    from napari_sam.labels.files.class_files import class_table_path
    from napari_sam.labels.files.inputs import Inputs

    if not os.path.exists(source):
        raise JournalError(f"the image {cut(str(source))} is not there: give it as --image")
    roles = {source: "image", journal: "journal"} | weights_file(model)
    Inputs(roles).check([output, class_table_path(output)])


def _arrangement(subject: "Subject", volume: "Volume", *, exact: bool) -> "Arrangement":
    """Return how the labels of the dock are arranged as those of the image.

    Raises
    ------
    JournalError
        If they do not fit; with `exact`, also if only axes of length 1 differ, for clicks have as
        many coordinates as the image in the dock had axes.
    """
    from napari_sam.image.arrangement import Arrangement
    from napari_sam.image.fit import fit_dimensions

    axes, shape = volume.label_axes, volume.label_shape
    dimensions = fit_dimensions(subject.axes, subject.shape, axes, shape)
    if dimensions is None or (exact and shape != subject.shape):
        raise JournalError(
            f"{volume.name} has planes of {shape}, and the journal is about one of "
            f"{subject.shape}: give the image as --image"
        )
    return Arrangement(axes, dimensions)


def _answered(
    settings: Settings, volume: "Volume", entries: "list[Entry]", journal: Path, *, quiet: bool
) -> "Session":
    """Open a session with the labels that its model makes of the prompts, with progress."""
    session = settings.open(volume, quiet=quiet)
    steps = ask_again(session, entries, journal.parent)
    for _ in progress(steps, len(entries), "replay", quiet=quiet):
        pass
    return session


def ask_again(
    session: "Session", entries: "list[Entry]", lessons: Path | None = None
) -> "Iterator[Entry]":
    """Give the prompts of a journal to the model of a session, and paint the masks.

    Entries without prompts, such as objects found automatically and strokes of a brush, are painted
    as they were.

    Parameters
    ----------
    session : Session
        Session on the image of the journal; its labels change.
    entries : list of Entry
        Accepted and painted entries in order. An object that was followed through planes without
        prompts is followed through the same planes again.
    lessons : Path, optional
        Folder with the deltas of models that learned. By default the model answers as it is.

    Yields
    ------
    Entry
        Each entry after its labels are painted.

    Raises
    ------
    LearningError
        If the file of a delta is gone or damaged.
    """
    from napari_sam.learning.keep import read_delta
    from napari_sam.prompts.prompt import PromptSet
    from napari_sam.weights.load import weights_hash

    base, learned = weights_hash(session.model), ""
    for entry in entries:
        if not entry.label or not entry.origin.prompts:
            entry.apply(session.labels)
            yield entry
            continue
        delta = entry.origin.delta_of(base)
        if lessons is not None and delta != learned:
            session.use(read_delta(lessons, delta) if delta else None)
            learned = delta
        prompts = PromptSet({entry.label: entry.origin.prompts})
        masks = [
            session.predict_objects(prompts.on_plane(plane).objects)[entry.label]
            for plane in prompts.planes()
        ]
        masks = [mask for mask in masks if not mask.empty]
        planes = {packed.plane for packed in entry.edits}
        moving = [i for i, places in enumerate(zip(*planes, strict=True)) if len(set(places)) > 1]
        if masks and moving and len(planes) > len(masks):
            places = [plane[moving[-1]] for plane in planes]
            axis = session.volume.plane_axes[moving[-1]]
            limits = (min(places), max(places))
            for _ in session.propagate({entry.label: masks}, axis, within=limits):
                pass
        else:
            for mask in masks:
                session.commit(mask, label=entry.label)
        yield entry
