"""``napari-sam replay``: a journal of the dock to labels on disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam.errors import JournalError

from .options import (
    DEFAULT_MODEL,
    AxesOption,
    CacheDirOption,
    ChannelsOption,
    ContrastOption,
    DebugOption,
    DeviceOption,
    JsonOption,
    OverwriteOption,
    Settings,
)
from .report import progress, report
from .segment_image import present_labels
from .target import check_output

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume
    from napari_sam.journal.entry import Entry
    from napari_sam.labels.classes import ClassTable
    from napari_sam.session import Session


def replay(
    journal: Annotated[Path, typer.Argument(metavar="JOURNAL", help="A .jsonl of the dock.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Labels: .ome.zarr, .zarr, .ome.tif or .tif.")
    ],
    image: Annotated[
        Path | None, typer.Option(help="The image, if it is not where it was.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Ask this model again, instead of painting what was accepted."),
    ] = None,
    device: DeviceOption = None,
    axes: AxesOption = None,
    channels: ChannelsOption = None,
    contrast: ContrastOption = None,
    cache_dir: CacheDirOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Make the labels again that were accepted in napari, without a window.

    Without --model they are those that were accepted, pixel by pixel. With it, the clicks and boxes
    are given to that model; what was found automatically stays as it was.
    """
    from napari_sam.journal.journal import Journal, read_subject

    subject = read_subject(journal)
    entries, classes = Journal(journal, subject).accepted(), Journal(journal, subject).classes()
    if not entries:
        raise JournalError(f"nothing was accepted in {journal}, or all of it was undone")
    source = image or Path(subject.path or subject.name)
    if not source.exists():
        raise JournalError(f"the image {source} is not there: give it as --image")
    check_output(output, source, overwrite=overwrite)
    settings = Settings(model or DEFAULT_MODEL, device, axes, channels, contrast, cache_dir)
    volume = settings.read(source)
    if volume.label_shape != subject.shape:
        raise JournalError(
            f"{source} has planes of {volume.label_shape}, and the journal is about one of "
            f"{subject.shape}: give the image as --image"
        )
    if model is None:
        count, files = _paint(entries, classes, volume, source, output, overwrite=overwrite)
    else:
        session = settings.open(volume, quiet=json)
        for _ in progress(ask_again(session, entries), len(entries), "replay", quiet=json):
            pass
        files = session.save(output, overwrite=overwrite, classes=classes)
        count = len(present_labels(session.labels))
    report({"objects": count, "files": [str(file) for file in files]}, as_json=json)


def _paint(
    entries: "list[Entry]",
    classes: "ClassTable",
    volume: "Volume",
    source: Path,
    output: Path,
    *,
    overwrite: bool,
) -> tuple[int, list[Path]]:
    """Paint what was accepted; no model is loaded."""
    from napari_sam.labels.canvas import new_labels
    from napari_sam.labels.files.write import write_labels

    labels = new_labels(volume.label_shape)
    for entry in entries:
        entry.apply(labels)
    written = write_labels(
        output, labels, volume.calibration, source=source, overwrite=overwrite, classes=classes
    )
    return len(present_labels(labels)), [Path(file) for file in written]


def ask_again(session: "Session", entries: "list[Entry]") -> "Iterator[Entry]":
    """Give the prompts of a journal to the model of a session.

    Parameters
    ----------
    session : Session
        Its labels change.
    entries : list of Entry
        What was accepted; an object that was followed is followed through the same planes.

    Yields
    ------
    Entry
        Each when it is done.
    """
    from napari_sam.prompts.prompt import PromptSet

    for entry in entries:
        if not entry.label or not entry.origin.prompts:
            entry.apply(session.labels)
            yield entry
            continue
        prompts = PromptSet({entry.label: entry.origin.prompts})
        masks = [
            session.predict_objects(prompts.on_plane(plane).objects)[entry.label]
            for plane in prompts.planes()
        ]
        found = [mask for mask in masks if not mask.empty]
        planes = {packed.plane for packed in entry.edits}
        moving = [i for i, places in enumerate(zip(*planes, strict=True)) if len(set(places)) > 1]
        if found and moving and len(planes) > len(found):
            places = [plane[moving[-1]] for plane in planes]
            axis = session.volume.plane_axes[moving[-1]]
            limits = (min(places), max(places))
            for _ in session.propagate({entry.label: found}, axis, within=limits):
                pass
        else:
            for mask in found:
                session.commit(mask, label=entry.label)
        yield entry
