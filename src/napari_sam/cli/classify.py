"""``napari-sam classify``: a few objects with a class to the classes of all others."""

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from .option_groups import expand_groups
from .options import (
    DEFAULT_MODEL,
    DeviceOption,
    ImageArgument,
    ImageOptions,
    LearnedOption,
    ModelOption,
    OverwriteOption,
    PrecisionOption,
    ReportOptions,
)
from .report import progress, report
from .settings import Settings, path_or_url, weights_file
from .target import check_output, check_place

if TYPE_CHECKING:
    from napari_sam.classify.classify import ClassifyStep
    from napari_sam.classify.predictions import ClassPredictions
    from napari_sam.image.volume import Volume
    from napari_sam.labels.classes import ClassTable

TABLE = ".csv"

_FEW = 3
"""Examples of a class, below which the user is advised to give more."""


OutputsOption = Annotated[
    list[Path],
    typer.Option(
        "--output",
        "-o",
        help="The labels with their classes, .ome.zarr, .ome.tif or .tif; or a .csv of the "
        "probability of each class. May be given several times.",
    ),
]

ExamplesOption = Annotated[
    Path | None,
    typer.Option(
        help="CSV with the columns label and class: objects whose class is known; by default "
        "those with a class that was given and saved with the labels."
    ),
]


@expand_groups
def classify(
    image: ImageArgument,
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="Labels of its objects.")],
    output: OutputsOption,
    *,
    examples: ExamplesOption = None,
    model: ModelOption = DEFAULT_MODEL,
    learned: LearnedOption = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    image_options: ImageOptions,
    overwrite: OverwriteOption = False,
    report_options: ReportOptions,
) -> None:
    """Give all objects a class by a few examples, such as three of each class.

    Classes of the examples stay; those of all other objects are predicted, with a probability.
    """
    from napari_sam.classify.check_examples import check_examples
    from napari_sam.classify.classify import classify as classify_objects
    from napari_sam.image.labels_of_image import read_labels_of_image
    from napari_sam.labels.files.class_files import class_table_path, read_classes, read_scores
    from napari_sam.labels.files.inputs import Inputs, check_distinct

    started, quiet = perf_counter(), report_options.json
    roles = {Path(image): "image", labels: "label image", class_table_path(labels): "classes"}
    roles |= {} if examples is None else {examples: "table of examples"}
    Inputs(roles | weights_file(model)).check(output)
    check_distinct(output)
    for path in output:
        _check_output(path, Path(image), overwrite=overwrite)
    table = _examples(read_classes(labels), examples)
    check_examples(table.given)
    settings = Settings(model, device, image_options, learned=learned, precision=precision)
    volume = settings.read(path_or_url(image))
    label_volume = read_labels_of_image(labels, volume)
    session = settings.open(volume, quiet=quiet)
    steps = classify_objects(session.encoder, label_volume.data, table.given)
    predictions = _predictions(steps, quiet=quiet)
    table = table.predict(predictions.predicted)
    scores = read_scores(labels)
    for path in output:
        if path.suffix.lower() == TABLE:
            _write_probabilities(path, predictions)
        else:
            _write_labels(path, volume, label_volume, table, scores, overwrite, quiet=quiet)
    summary = {
        "objects": len(predictions.labels),
        "examples": len(predictions.examples),
        "classes": {
            name: sum(name == each for each in table.of_label.values())
            for name in predictions.classes
        },
        "files": [str(path) for path in output],
        "seconds": round(perf_counter() - started, 2),
        "warnings": [*label_volume.warnings, *session.warnings, *_advice(predictions)],
    }
    report(summary, as_json=quiet)


def _check_output(path: Path, image: Path, *, overwrite: bool) -> None:
    """Raise OutputError if an output cannot be written, before any work."""
    from napari_sam.labels.files.target import check_target

    if path.suffix.lower() != TABLE:
        check_output(path, image, overwrite=overwrite)
        return
    check_place(path)
    check_target(path, False, overwrite, image)


def _examples(saved: "ClassTable", examples: Path | None) -> "ClassTable":
    """Return the classes saved with the labels, and the examples of the user among them."""
    from napari_sam.errors import LabelError
    from napari_sam.labels.classes import ClassTable
    from napari_sam.labels.files.read_examples import read_examples

    if examples is None:
        if not saved.given:
            raise LabelError("no class was saved with the labels: name examples with --examples")
        return saved
    given = read_examples(examples)
    return ClassTable(given.classes).put(ClassTable(saved.classes)).assign(given.given)


def _predictions(steps: "Iterator[ClassifyStep]", *, quiet: bool) -> "ClassPredictions":
    first = next(steps)
    *_, last = progress(chain([first], steps), first.total, "classify", quiet=quiet)
    assert last.predictions is not None  # the last step has the result
    return last.predictions


def _write_probabilities(path: Path, predictions: "ClassPredictions") -> None:
    """Write a row for each object: label, class, its source, and the probability of each class."""
    from napari_sam.labels.files.atomic import replacing

    classes = predictions.predicted | {k: (v, 1.0) for k, v in predictions.examples.items()}
    with replacing(path) as place, place.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        names = [f"probability_{name}" for name in predictions.classes]
        rows.writerow(["label", "class", "source", *names])
        for label, row in zip(
            predictions.labels.tolist(), predictions.probabilities.tolist(), strict=True
        ):
            source = "given" if label in predictions.examples else "predicted"
            rows.writerow([label, classes[label][0], source, *(f"{p:.4f}" for p in row)])


def _write_labels(
    path: Path,
    image: "Volume",
    labels: "Volume",
    table: "ClassTable",
    scores: dict[int, float],
    overwrite: bool,
    *,
    quiet: bool,
) -> None:
    """Write the labels with their classes, and with the scores that were saved with them."""
    from napari_sam.labels.files.write import iter_write_labels

    steps = iter_write_labels(
        path,
        labels.data,
        labels.calibration,
        # An image that was read from a file is named by its path.
        source=image.name if Path(image.name).exists() else None,
        overwrite=overwrite,
        properties={label: {"score": score} for label, score in scores.items()},
        classes=table,
    )
    done, total = next(steps)
    for _ in progress(chain([done], steps), total, "write", quiet=quiet):
        pass


def _advice(predictions: "ClassPredictions") -> Iterator[str]:
    examples = list(predictions.examples.values())
    for name in predictions.classes:
        if (count := examples.count(name)) < _FEW:
            yield f"the class {name!r} has {count} of the {_FEW} examples that are advisable"
