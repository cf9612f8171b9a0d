"""``napari-sam evaluate``: how good models are on images whose objects are known."""

from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam.errors import LabelError

from .find_pairs import find_pairs
from .options import (
    DEFAULT_MODEL,
    AxesOption,
    CacheDirOption,
    ChannelsOption,
    ContrastOption,
    DebugOption,
    DeviceOption,
    JsonOption,
    Settings,
)
from .report import progress, report, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.evaluate.figures import Figures
    from napari_sam.evaluate.ground_truth import Pair
    from napari_sam.evaluate.run import Task
    from napari_sam.image.volume import Volume
    from napari_sam.session import Session

PARTS = "clicks,boxes,automatic"


def evaluate(
    images: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGES", help="An image, a folder of images, or .npz files that hold both."
        ),
    ],
    labels: Annotated[
        Path | None,
        typer.Argument(metavar="LABELS", help="Its true objects; of a folder, a folder."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A name, or a file of weights, {DEFAULT_MODEL} by default; may be given several "
            "times, to compare."
        ),
    ] = None,
    only: Annotated[str, typer.Option(help="What to look at, with commas between.")] = PARTS,
    objects: Annotated[
        int, typer.Option(min=1, help="Most objects of an image that are clicked.")
    ] = 100,
    clicks: Annotated[int, typer.Option(min=1, help="Most clicks on an object.")] = 10,
    device: DeviceOption = None,
    axes: AxesOption = None,
    channels: ChannelsOption = None,
    contrast: ContrastOption = None,
    cache_dir: CacheDirOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare what a model finds with labels that are known to be right.

    Clicks are simulated: the first in the middle of an object, each next in the middle of the
    largest error. Boxes are the objects' own. Automatic segmentation is compared object by object;
    that of a stack also in 3D, linked through z.

    Labels of a.tif are a_labels.tif or a.tif in the folder LABELS, with any suffix. An .npz holds
    the arrays image and labels; a folder of folders of them is several sets.
    """
    from napari_sam.evaluate.report import markdown, with_means

    started, task = perf_counter(), _task(only, objects, clicks)
    base = Settings(DEFAULT_MODEL, device, axes, channels, contrast, cache_dir)
    sets = find_pairs(images, labels, axes, base.channel_numbers())
    results: dict[str, dict[str, Figures]] = {name: {} for name in sets}
    warnings: dict[str, None] = {}
    for name in model or [DEFAULT_MODEL]:
        settings = Settings(name, device, axes, channels, contrast, cache_dir).loaded(quiet=json)
        for key, pairs in sets.items():
            results[key][name] = _score(pairs, settings, task, warnings, quiet=json)
    if not any(figures for own in results.values() for figures in own.values()):
        raise LabelError(f"there is no object in {labels or images}: nothing can be compared")
    everything = with_means(results) if len(results) > 1 else results
    if json:
        seconds = round(perf_counter() - started, 2)
        report({"sets": everything, "seconds": seconds, "warnings": [*warnings]}, as_json=True)
        return
    for line in warnings:
        warn(line)
    typer.echo(markdown(everything))


def _task(only: str, objects: int, clicks: int) -> "Task":
    from napari_sam.evaluate.clicks import Protocol
    from napari_sam.evaluate.run import Part, Task

    try:
        parts = tuple(Part(name.strip()) for name in only.split(","))
    except ValueError:
        raise typer.BadParameter(f"--only takes some of {PARTS}, not {only!r}") from None
    return Task(parts, Protocol(most=clicks), objects)


def _score(
    pairs: "Sequence[Pair]",
    settings: Settings,
    task: "Task",
    warnings: dict[str, None],
    *,
    quiet: bool,
) -> "Figures":
    """The figures of one model on one set; what went wrong is added to the warnings."""
    from napari_sam.evaluate.figures import summarise
    from napari_sam.evaluate.run import evaluate

    sessions: list[Session] = []

    def opened(volume: "Volume") -> "Session":
        sessions.append(settings.open(volume, quiet=quiet))
        return sessions[-1]

    steps = evaluate(pairs, opened, task)
    first = next(steps, None)
    if first is None:
        return {}
    bar = progress(chain([first], steps), first.total, "evaluate", quiet=quiet)
    figures = summarise((step.seen for step in bar), task.protocol)
    warnings |= {line: None for session in sessions for line in session.warnings}
    return figures
