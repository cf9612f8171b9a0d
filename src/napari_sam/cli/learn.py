"""``napari-sam learn``: accepted objects of an image to a lesson of the model."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam.errors import OutputError

from .option_groups import expand_groups
from .options import (
    DEFAULT_MODEL,
    DeviceOption,
    ImageArgument,
    ImageOptions,
    ModelOption,
    OverwriteOption,
    PrecisionOption,
    ReportOptions,
)
from .report import progress, report, warn
from .settings import Settings, path_or_url, weights_file
from .target import check_place

if TYPE_CHECKING:
    from napari_sam.learning.delta import Delta
    from napari_sam.learning.learn import LearnStep
    from napari_sam.session import Session

SUFFIX = ".safetensors"

_NOTHING_BETTER = (
    "nothing got better on the objects held back, so nothing was written: accept more objects, or "
    "other ones"
)


@expand_groups
def learn(
    image: ImageArgument,
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            help="Labels of some or all of its objects; what has no label is not taken as "
            "background.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="What was learned: a .safetensors for --learned."),
    ],
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Learn in seconds, without the image encoder.")
    ] = False,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="Write a model that has learned, for --model and the dock."),
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="Learn no longer than this; about 30 by default.")
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    image_options: ImageOptions,
    overwrite: OverwriteOption = False,
    report_options: ReportOptions,
) -> None:
    """Learn from objects that were accepted, to segment the rest of their kind better.

    A third of the objects is held back. The model is changed only as far as clicks, boxes and found
    objects get better on these; otherwise nothing is written.
    """
    from napari_sam.image.labels_of_image import read_labels_of_image
    from napari_sam.labels.files.inputs import Inputs

    started, quiet = perf_counter(), report_options.json
    _check_output(output, overwrite=overwrite)
    Inputs({Path(image): "image", labels: "label image"} | weights_file(model)).check([output])
    settings = Settings(model, device, image_options, precision=precision)
    volume = settings.read(path_or_url(image))
    label_volume = read_labels_of_image(labels, volume)
    session = settings.open(volume, quiet=quiet)
    session.labels = label_volume.data
    delta = _learned(session.learn(seconds, quick), quiet=quiet)
    summary = {
        "objects": delta.origin.objects,
        "before": round(delta.origin.before, 3),
        "after": round(delta.origin.after, 3),
        "seconds": round(perf_counter() - started, 2),
        "warnings": [*label_volume.warnings, *session.warnings],
    }
    report(summary | _write(session, delta, output, whole=whole), as_json=quiet)
    if delta.is_empty:
        warn(_NOTHING_BETTER)


def _check_output(output: Path, *, overwrite: bool) -> None:
    """Raise OutputError if the output cannot be written, before any work."""
    check_place(output)
    if output.suffix != SUFFIX or output.name == SUFFIX:
        raise OutputError(f"what was learned is a {SUFFIX} file: not {output.name}")
    if output.exists() and not overwrite:
        raise OutputError(f"{output} exists: choose another name, or --overwrite")


def _learned(steps: "Iterator[LearnStep]", *, quiet: bool) -> "Delta":
    first = next(steps)
    *_, last = progress(chain([first], steps), first.total, "learn", quiet=quiet)
    assert last.delta is not None  # the last step has the result
    return last.delta


def _write(session: "Session", delta: "Delta", output: Path, *, whole: bool) -> dict[str, Any]:
    """Write what was learned, if anything; return the file and its bytes for the summary."""
    from napari_sam.weights.load import save_weights

    if delta.is_empty:
        return {}
    if whole:
        save_weights(delta.applied_to(session.model), output)
    else:
        delta.save(output)
    return {"file": str(output), "bytes": output.stat().st_size}
