"""``napari-sam evaluate``: scores of models on images with known objects."""

from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam.errors import LabelError

from .estimate import EstimateOptions, estimate_by_person, estimate_by_truth
from .find_pairs import find_pairs
from .option_groups import expand_groups
from .options import (
    DEFAULT_MODEL,
    DeviceOption,
    ImageOptions,
    LearnedOption,
    PrecisionOption,
    ReportOptions,
)
from .report import progress, report, warn
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.evaluate.figures import Figures
    from napari_sam.evaluate.ground_truth import Pair
    from napari_sam.evaluate.run import Task
    from napari_sam.image.volume import Volume
    from napari_sam.session import Session

PARTS = "clicks,boxes,automatic"
"""Parts of an evaluation, as ``--only`` takes them; see :class:`napari_sam.evaluate.run.Part`."""

ImagesArgument = Annotated[
    Path,
    typer.Argument(
        metavar="IMAGES", help="An image, a folder of images, or .npz files that hold both."
    ),
]

LabelsArgument = Annotated[
    Path | None,
    typer.Argument(metavar="LABELS", help="Its true objects; of a folder, a folder."),
]

ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        help=f"A name, or a file of weights, {DEFAULT_MODEL} by default; may be given several "
        "times, to compare."
    ),
]


@expand_groups
def evaluate(
    images: ImagesArgument,
    labels: LabelsArgument = None,
    *,
    model: ModelsOption = None,
    only: Annotated[str, typer.Option(help="What to look at, with commas between.")] = PARTS,
    objects: Annotated[
        int, typer.Option(min=1, help="Most objects of an image that are clicked.")
    ] = 100,
    clicks: Annotated[int, typer.Option(min=1, help="Most clicks on an object.")] = 10,
    estimate_options: EstimateOptions,
    learned: LearnedOption = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    image_options: ImageOptions,
    report_options: ReportOptions,
) -> None:
    """Compare what a model finds with labels that are known to be right.

    Clicks are simulated: the first in the middle of an object, each next in the middle of the
    largest error. Boxes are the objects' own. Automatic segmentation is compared object by object;
    that of a stack also in 3D, linked through z.

    Labels of a.tif are a_labels.tif or a.tif in the folder LABELS, with any suffix. Without LABELS,
    they are where train finds them, or in an .npz with the arrays image and labels; a folder of
    folders is several sets.

    With --estimate and -o, IMAGES are found objects with scores: the .csv of segment --measure, or
    an .ome.zarr that the dock saved. Write right or wrong behind each label of the table, and give
    it as --decisions. Without a table, true labels give the answers, and the range is checked.
    """
    from napari_sam.evaluate.published import published
    from napari_sam.evaluate.report import markdown, with_means

    started, task, quiet = perf_counter(), _task(only, objects, clicks), report_options.json
    settings = [
        Settings(name, device, image_options, learned=learned, precision=precision)
        for name in model or [DEFAULT_MODEL]
    ]
    estimate_options.check(images, labels)
    if estimate_options.estimate and not estimate_options.needs_truth:
        estimate_by_person(images, estimate_options, as_json=quiet)
        return
    channels = settings[0].channel_numbers()
    sets = find_pairs(images, labels, image_options.axes, channels, image_options.series)
    if estimate_options.estimate:
        estimate_by_truth(settings, sets, estimate_options.looks, as_json=quiet)
        return
    results, warnings = _compare(settings, sets, task, quiet=quiet)
    if not any(figures for by_model in results.values() for figures in by_model.values()):
        raise LabelError(f"there is no object in {labels or images}: nothing can be compared")
    everything = with_means(results) if len(results) > 1 else results
    if report_options.json:
        seconds = round(perf_counter() - started, 2)
        report({"sets": everything, "seconds": seconds, "warnings": warnings}, as_json=True)
        return
    for line in warnings:
        warn(line)
    others = published(results) if "automatic" in task.parts else ""
    typer.echo("\n\n".join(filter(None, [markdown(everything), others])))


def _compare(
    settings: "Sequence[Settings]",
    sets: "Mapping[str, Sequence[Pair]]",
    task: "Task",
    *,
    quiet: bool,
) -> "tuple[dict[str, dict[str, Figures]], list[str]]":
    """Score each model on each set.

    Returns
    -------
    dict of str to dict of str to Figures
        Figures by set, then by model as given on the command line.
    list of str
        Warnings of all sessions, without repeats.
    """
    results: dict[str, dict[str, Figures]] = {name: {} for name in sets}
    warnings: dict[str, None] = {}
    for unloaded in settings:
        loaded = unloaded.loaded(quiet=quiet)
        for name, pairs in sets.items():
            figures, lines = _score(pairs, loaded, task, quiet=quiet)
            results[name][str(unloaded.model)] = figures
            warnings |= dict.fromkeys(lines)
    return results, [*warnings]


def _task(only: str, objects: int, clicks: int) -> "Task":
    """Turn the options into the parts to evaluate and the annotator's rules."""
    from napari_sam.evaluate.clicks import Protocol
    from napari_sam.evaluate.run import Part, Task

    try:
        parts = tuple(Part(name.strip()) for name in only.split(","))
    except ValueError:
        raise typer.BadParameter(f"--only takes some of {PARTS}, not {only!r}") from None
    return Task(parts, Protocol(most=clicks), objects)


def _score(
    pairs: "Sequence[Pair]", settings: Settings, task: "Task", *, quiet: bool
) -> "tuple[Figures, list[str]]":
    """Evaluate a model on a set; return the figures and the warnings of the sessions."""
    from napari_sam.evaluate.figures import summarise
    from napari_sam.evaluate.run import evaluate

    sessions: list[Session] = []

    def open_session(volume: "Volume") -> "Session":
        sessions.append(settings.open(volume, quiet=quiet))
        return sessions[-1]

    steps = evaluate(pairs, open_session, task)
    first = next(steps, None)
    if first is None:
        return {}, []
    bar = progress(chain([first], steps), first.total, "evaluate", quiet=quiet)
    figures = summarise((step.outcome for step in bar), task.protocol)
    return figures, [line for session in sessions for line in session.warnings]
