"""Batch: segment many images in turn, past failures, with a report of all of them."""

import csv
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, Self

from napari_sam.document import parse_document
from napari_sam.errors import NapariSamError, OutputError
from napari_sam.file_names import printable

from .complete_image import complete_image
from .report import progress
from .segment_image import StartedImage, begin_image, segment_image
from .target import check_place
from .task import Method, Task

REPORT = "report.csv"
"""Name of the report in the output folder."""

DONE, COMPLETED, EXISTS, FAILED = "done", "completed", "exists", "failed"
"""Values of the column ``status`` of the report; see :class:`Row`."""

STEPS_AHEAD = 1000
"""Steps in all started images of a cluster, below which up to `MOST_AHEAD` images are started."""

MOST_AHEAD = 64
"""Images that wait on a cluster to be finished, at most; one, if they have `STEPS_AHEAD` steps."""

PendingImage = tuple[Task, Future[StartedImage] | None]
"""A task and its started image, or the error of the start; None where the labels exist already."""


@dataclass(frozen=True, slots=True)
class Row:
    """One image in the report.

    Parameters
    ----------
    file, output : str
        The image, and its labels.
    status : str
        ``done``; ``exists`` if labels were there before the command and were kept; ``completed`` if
        they were there, and other files were missing and were made from them; ``failed``.
    objects : int or ""
        Number of objects; empty if unknown.
    seconds : float or ""
        Time from the start of the image to its last file, in seconds; empty if unknown.
    warnings, error : str
        Warnings of an image that was segmented; message of one that failed.
    plate, well, row, column, field : str
        Of a field of a plate, see :class:`~napari_sam.image.plate.PlateField`; empty for other
        images. A report without a plate has no such columns.
    """

    file: str
    output: str
    status: str
    objects: int | Literal[""] = ""
    seconds: float | Literal[""] = ""
    warnings: str = ""
    error: str = ""
    plate: str = ""
    well: str = ""
    row: str = ""
    column: str = ""
    field: str = ""

    @classmethod
    def of(cls, task: Task, status: str, **values: Any) -> Self:
        """Make the row for a task; `values` are further columns."""
        values |= {name: printable(cell) for name, cell in task.cells.items()}
        return cls(printable(task.image), printable(task.output), status, **values)


def check_report(path: Path) -> None:
    """Check the path of the report: free, or with an older report to be replaced.

    Parameters
    ----------
    path : Path
        Path of the report in the output folder.

    Raises
    ------
    OutputError
        If something else is there; a report is recognised by its first row.
    """
    if os.path.lexists(path) and not _is_report(path):
        raise OutputError(
            f"{path} is not a report of napari-sam, which belongs there: move it, or choose "
            "another output folder"
        )


def run_batch(tasks: Sequence[Task], method: Method, report: Path) -> dict[str, Any]:
    """Segment images one after the other.

    Existing labels are kept, and what is missing beside them is made from them, so that the same
    command resumes an interrupted run.

    Parameters
    ----------
    tasks : sequence of Task
        The images.
    method : Method
        How to segment.
    report : Path
        CSV file, written anew after each image.

    Returns
    -------
    dict
        The summary: numbers of images ``done``, ``completed``, ``exists`` and ``failed``,
        ``objects`` in all, ``report``, and ``warnings``.

    Raises
    ------
    NapariSamError
        If an output of a task or the report cannot be written, or the model cannot be loaded.
    """
    method = replace(method, resumes=True)
    for task in tasks:
        method.check_outputs(task)
    check_place(report)
    if not all(method.keeps(task) for task in tasks):
        method = replace(method, settings=method.settings.loaded(quiet=method.quiet))
    rows_before = {row.output: row for row in _read(report)}
    rows: list[Row] = []
    pending = _start(tasks, replace(method, quiet=True))  # one bar for the batch, none per image
    for task, image in progress(pending, len(tasks), "images", quiet=method.quiet):
        rows.append(_run(task, image, rows_before.get(printable(task.output)), method))
        if task.label_plate and task.field and rows[-1].status != FAILED:
            task.label_plate.register(task.field)
        _write(report, rows)
    statuses = (DONE, COMPLETED, EXISTS, FAILED)
    counts = {s: sum(row.status == s for row in rows) for s in statuses}
    return {
        **counts,
        "objects": sum(row.objects for row in rows if row.objects != ""),
        "report": str(report),
        "warnings": [f"{row.file}: {row.error}" for row in rows if row.error],
    }


def _start(tasks: Sequence[Task], method: Method) -> Iterator[PendingImage]:
    """Start the images in order, and yield each to be finished; a cluster gets several ahead."""
    ahead: deque[PendingImage] = deque()
    for task in tasks:
        ahead.append((task, None if method.keeps(task) else _begin(task, method)))
        while len(ahead) > _room(ahead, method):
            yield ahead.popleft()
    yield from ahead


def _room(ahead: deque[PendingImage], method: Method) -> int:
    """Return the number of images that may be started before the next is finished."""
    if method.cluster is None:
        return 0
    images = [image for _, image in ahead if image is not None and image.exception() is None]
    few = sum(image.result().total for image in images) < STEPS_AHEAD
    return MOST_AHEAD if few else 1  # the workers have the next while one is put together


def _begin(task: Task, method: Method) -> Future[StartedImage]:
    image: Future[StartedImage] = Future()
    try:
        image.set_result(begin_image(task, method))
    except Exception as error:  # one unreadable file must not end a run of a whole night
        image.set_exception(error)
    return image


def _run(
    task: Task, image: Future[StartedImage] | None, row_before: Row | None, method: Method
) -> Row:
    """Finish an image and return its row; kept labels have the values of the row before."""
    columns = ("objects", "seconds")
    quiet = replace(method, quiet=True)
    try:
        if image is None:
            values = {name: getattr(row_before, name, "") for name in columns}
            files = complete_image(task, quiet)
            return Row.of(task, COMPLETED if files else EXISTS, **values)
        summary = segment_image(task, quiet, image.result())
    except NapariSamError as error:
        return Row.of(task, FAILED, error=" ".join(str(error).split()))
    except Exception as error:
        return Row.of(task, FAILED, error=f"unexpected {type(error).__name__}: {error}")
    values = {name: summary[name] for name in columns}
    return Row.of(task, DONE, **values, warnings="; ".join(summary["warnings"]))


def _write(path: Path, rows: Sequence[Row]) -> None:
    from napari_sam.labels.files.atomic import replacing

    columns = _columns(of_plates=any(row.plate for row in rows))
    with replacing(path) as place, place.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore")
        table.writeheader()
        table.writerows(map(asdict, rows))


def _columns(*, of_plates: bool) -> list[str]:
    """Return the first row of a report, that of plates with the place of each field in front."""
    names = [field.name for field in fields(Row)]
    first = names.index("plate")
    return [*names[first:], *names[:first]] if of_plates else names[:first]


def _is_report(path: Path) -> bool:
    """Whether a file is a report, by its first row."""
    headers = [_columns(of_plates=choice) for choice in (False, True)]
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file), []) in headers
    except (OSError, ValueError, csv.Error):
        return False


def _read(path: Path) -> Iterator[Row]:
    """Yield the rows of the report of an earlier run, without rows that were damaged since."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return
    for line in lines:
        with suppress(OutputError):
            yield parse_document(Row, line, str(path), OutputError)
