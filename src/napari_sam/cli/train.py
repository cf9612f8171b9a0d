"""``napari-sam train``: a folder of images with labels to a model of the user's own."""

import shlex
import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam.errors import LabelError, OutputError

from .find_pairs import find_labelled, find_pairs
from .interrupt import postponed
from .option_groups import expand_groups
from .options import (
    DEFAULT_MODEL,
    AxesOption,
    ChannelsOption,
    ContrastOption,
    DeviceOption,
    ImageOptions,
    ModelOption,
    OverwriteOption,
    PrecisionOption,
    ReportOptions,
    SeriesOption,
)
from .report import progress, report, show_stages, warn
from .settings import Settings
from .target import check_place

if TYPE_CHECKING:
    from napari_sam.evaluate.ground_truth import Pair
    from napari_sam.finetuning.fine_tune import FineTuned
    from napari_sam.finetuning.finish import Stored
    from napari_sam.finetuning.results_page import About
    from napari_sam.finetuning.schedule import Schedule
    from napari_sam.finetuning.split import Split

TESTS = frozenset({"test", "tests", "val", "validation"})
"""Names of folders whose images are kept apart, if there are others."""

_FIGURES = {
    "AP@0.5": "plane_ap50",
    "mSA": "plane_msa",
    "click": "click_1_iou",
    "click < 0.5": "click_1_under_half",
    "box": "box_iou",
}
"""Heading of each figure of the summary, and its name in the evaluation."""

_MOST_NAMES = 5
"""Images that a warning names, at most."""


FolderArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="Images with their labels: as .npz, beside them as a_labels.tif or a_masks.tif, "
        "in a folder labels or masks, or inside an OME-Zarr.",
    ),
]


@expand_groups
def train(
    folder: FolderArgument,
    labels: Annotated[
        Path | None, typer.Argument(metavar="LABELS", help="Labels, if they are elsewhere.")
    ] = None,
    *,
    name: Annotated[str, typer.Option(help="Name of the new model, such as my-cells.")],
    model: ModelOption = DEFAULT_MODEL,
    encoder: Annotated[
        bool,
        typer.Option(
            "--encoder", help="Train the image encoder too: better, slower, cells-tiny alone."
        ),
    ] = False,
    minutes: Annotated[float, typer.Option(min=0.01, help="Minutes of learning.")] = 4.0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps instead of minutes: can be repeated exactly.")
    ] = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Some objects have no label: it is not background."),
    ] = False,
    apart: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="Share of images kept apart for the figures.")
    ] = 0.2,
    page: Annotated[
        Path | None, typer.Option(help="HTML file for the results; by default beside the model.")
    ] = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    axes: AxesOption = None,
    series: SeriesOption = None,
    channels: ChannelsOption = None,
    contrast: ContrastOption = None,
    overwrite: OverwriteOption = False,
    report_options: ReportOptions,
) -> None:
    """Train a model on your own images with labels, in minutes.

    The new model is loaded by its name, with --model and in the dock. Images kept apart say how
    good it is, before and after; a page of results shows it. After Ctrl-C or a crash, the same
    command goes on from where it was.
    """
    from napari_sam.finetuning.finish import finish
    from napari_sam.finetuning.schedule import Schedule
    from napari_sam.finetuning.store_model import progress_of

    started, quiet = perf_counter(), report_options.json
    place = progress_of(name, overwrite)
    _check_page(page, overwrite=overwrite)
    image_options = ImageOptions(axes, series, channels, contrast)
    settings = Settings(model, device, image_options, precision=precision)
    data, warnings = _read(folder, labels, settings, apart, quiet=quiet)
    schedule = Schedule(encoder, steps, minutes, partial)
    tuned = _tune(settings.loaded(quiet=quiet), data, schedule, place, overwrite, quiet=quiet)
    about = _about(name, model, schedule, warnings)
    stored = finish(tuned, data, about, model, place, page, overwrite)
    seconds = round(perf_counter() - started, 2)
    report(_summary(stored, data, seconds, warnings), as_json=quiet)


def _about(name: str, model: str, schedule: "Schedule", warnings: list[str]) -> "About":
    """Head of the page of results, with the command."""
    from napari_sam.finetuning.results_page import About

    command = shlex.join(["napari-sam", *sys.argv[1:]])
    return About(name, model, command, schedule.text, tuple(warnings))


def _check_page(page: Path | None, *, overwrite: bool) -> None:
    """Raise OutputError if the page cannot be written, before any work."""
    if page is None:
        return
    check_place(page)
    if page.suffix.lower() not in {".html", ".htm"}:  # no image or weights are replaced by it
        raise OutputError(f"the page of results is an .html file: not {page.name}")
    if page.exists() and not overwrite:
        raise OutputError(f"{page} exists: choose another name, or --overwrite")


def _read(
    folder: Path, labels: Path | None, settings: Settings, apart: float, *, quiet: bool
) -> "tuple[Split, list[str]]":
    """Read all images with labels; return them split, with warnings."""
    from napari_sam.finetuning.labelled_plane import read_planes
    from napari_sam.finetuning.split import split

    sets, unlabelled = _find(folder, labels, settings)
    pairs = [pair for in_set in sets.values() for pair in in_set]
    warnings: dict[str, None] = {}
    if unlabelled:
        names = ", ".join(path.name for path in unlabelled[:_MOST_NAMES])
        more = " ..." if len(unlabelled) > _MOST_NAMES else ""
        warnings[f"{len(unlabelled)} images have no labels and are left out: {names}{more}"] = None
    planes = []
    contrast = "auto" if settings.image.contrast is None else settings.image.contrast
    for of_image, lines in progress(read_planes(pairs, contrast), len(pairs), "read", quiet=quiet):
        planes += of_image
        warnings |= dict.fromkeys(lines)
    if not planes:
        raise LabelError(
            f"there is no object in the labels of {folder}: label at least some objects, 0 is "
            "background"
        )
    data = split(planes, apart, _tests(sets))
    if data.by_object:
        warnings[
            "with a single image, none can be kept apart: the figures are of every third object of "
            "it, held back, and other images may be worse"
        ] = None
    return data, [*warnings]


def _find(
    folder: Path, labels: Path | None, settings: Settings
) -> "tuple[dict[str, list[Pair]], list[Path]]":
    axes, series, channels = settings.image.axes, settings.image.series, settings.channel_numbers()
    if labels is not None or not folder.exists():
        sets = find_pairs(folder, labels, axes, channels, series)
        return {key: list(pairs) for key, pairs in sets.items()}, []
    found, unlabelled = find_labelled(folder, axes, channels, series)
    if not found:
        raise LabelError(
            f"no image with labels in {folder}: put the labels of a.tif beside it as a_labels.tif "
            "or a_masks.tif, or as a.tif into a folder labels or masks"
        )
    return {key: list(pairs) for key, pairs in found.items()}, unlabelled


def _tests(sets: "dict[str, list[Pair]]") -> set[int]:
    """Numbers of the images in folders such as ``test``."""
    names = [key for key, pairs in sets.items() for _ in pairs]
    return {number for number, key in enumerate(names) if key.lower() in TESTS}


def _tune(
    settings: Settings,
    data: "Split",
    schedule: "Schedule",
    place: Path,
    overwrite: bool,
    *,
    quiet: bool,
) -> "FineTuned":
    """Train; Ctrl-C waits for the end of a step, and leaves the progress on the disk."""
    from napari_sam.finetuning.fine_tune import fine_tune
    from napari_sam.model.sam import Sam

    assert isinstance(settings.model, Sam)  # it was loaded
    result = None
    steps = fine_tune(settings.model, data, schedule, place, overwrite)
    with closing(steps), postponed() as stop:
        for step in show_stages(steps, quiet=quiet):
            if stop.pressed:
                steps.close()
                warn("the same command goes on from here")
                raise KeyboardInterrupt
            result = step.result
    assert result is not None  # the last step has it
    return result


def _summary(
    stored: "Stored", data: "Split", seconds: float, warnings: list[str]
) -> dict[str, Any]:
    before, after = stored.figures
    figures = {
        name: {"before": round(before[key], 3), "after": round(after[key], 3)}
        for name, key in _FIGURES.items()
        if key in before and key in after
    }
    return {
        "model": stored.name,
        "weights": str(stored.weights),
        "page": str(stored.page),
        "objects": data.objects,
        "steps": stored.steps,
        "figures": figures,
        "seconds": seconds,
        "warnings": [*warnings, *stored.warnings],
    }
