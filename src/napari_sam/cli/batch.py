"""Batch: many images, one after the other; none stops the others, and a report says how it went."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from napari_sam.errors import NapariSamError

from .report import progress
from .segment_image import Begun, Manner, Task, begin_image, segment_image

REPORT = "report.csv"
DONE, EXISTS, FAILED = "done", "exists", "failed"
MOST_AHEAD = 64
STEPS_AHEAD = 1000
"""On a cluster: how many images are begun before one is finished, if their steps are as few."""


@dataclass(frozen=True, slots=True)
class Row:
    """One image in the report.

    Parameters
    ----------
    file, output : str
        The image, and its labels.
    status : str
        ``done``; ``exists`` where labels were there already and were left alone; ``failed``.
    objects : int or str
        How many; empty if nobody knows.
    seconds : float or str
        How long it took.
    warnings, error : str
        What went wrong.
    """

    file: str
    output: str
    status: str
    objects: int | str = ""
    seconds: float | str = ""
    warnings: str = ""
    error: str = ""

    @classmethod
    def of(cls, task: Task, status: str, **known: Any) -> Self:
        """A row about a task."""
        return cls(str(task.image), str(task.output), status, **known)


def run_batch(tasks: Sequence[Task], manner: Manner, report: Path) -> dict[str, Any]:
    """Segment images one after the other.

    Labels that exist are left alone, so that the same command goes on with a run that was stopped.

    Parameters
    ----------
    tasks : sequence of Task
        The images.
    manner : Manner
        How.
    report : Path
        A CSV, written anew after each image.

    Returns
    -------
    dict
        The summary: how many images were ``done``, ``exist`` already and ``failed``, ``objects``
        in all, ``report``, and ``warnings``.

    Raises
    ------
    NapariSamError
        If the model cannot be loaded or the report not be written: then nothing can be done.
    """
    manner = replace(manner, settings=manner.settings.loaded(quiet=manner.quiet))
    before = {row.output: row for row in _read(report)}
    rows: list[Row] = []
    begun = _begun(tasks, replace(manner, quiet=True))  # no bars of images under that of all
    for task, start in progress(begun, len(tasks), "images", quiet=manner.quiet):
        rows.append(_run(task, start, before.get(str(task.output)), manner))
        _write(report, rows)
    counts = {s: sum(row.status == s for row in rows) for s in (DONE, EXISTS, FAILED)}
    return {
        **counts,
        "objects": sum(int(row.objects) for row in rows if row.objects != ""),
        "report": str(report),
        "warnings": [f"{row.file}: {row.error}" for row in rows if row.error],
    }


def _begun(tasks: Sequence[Task], manner: Manner) -> Iterator[tuple[Task, Future[Begun] | None]]:
    """Tasks that are begun, None if there is nothing to do; on a cluster, some ahead."""
    ahead: deque[tuple[Task, Future[Begun] | None]] = deque()
    for task in tasks:
        done = task.output.exists() and not manner.overwrite
        ahead.append((task, None if done else _begin(task, manner)))
        while len(ahead) > _room(ahead, manner):
            yield ahead.popleft()
    yield from ahead


def _room(ahead: "deque[tuple[Task, Future[Begun] | None]]", manner: Manner) -> int:
    if manner.cluster is None:
        return 0
    starts = [start for _, start in ahead if start is not None and start.exception() is None]
    few = sum(start.result().total for start in starts) < STEPS_AHEAD
    return MOST_AHEAD if few else 1  # the workers have the next while one is put together


def _begin(task: Task, manner: Manner) -> Future[Begun]:
    start: Future[Begun] = Future()
    try:
        start.set_result(begin_image(task, manner))
    except Exception as error:  # one strange file must not cost the night
        start.set_exception(error)
    return start


def _run(task: Task, start: Future[Begun] | None, before: Row | None, manner: Manner) -> Row:
    if start is None:
        known = {} if before is None else {"objects": before.objects, "seconds": before.seconds}
        return Row.of(task, EXISTS, **known)
    try:
        found = segment_image(task, replace(manner, quiet=True), start.result())
    except NapariSamError as error:
        return Row.of(task, FAILED, error=" ".join(str(error).split()))
    except Exception as error:
        return Row.of(task, FAILED, error=f"unexpected {type(error).__name__}: {error}")
    known = {name: found[name] for name in ("objects", "seconds")}
    return Row.of(task, DONE, **known, warnings="; ".join(found["warnings"]))


def _write(path: Path, rows: Sequence[Row]) -> None:
    from napari_sam.labels.files.atomic import replacing

    with replacing(path) as place, place.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Row)])
        table.writeheader()
        table.writerows(map(asdict, rows))


def _read(path: Path) -> list[Row]:
    """The report of an earlier run; nothing if it is not one."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [Row(**row) for row in csv.DictReader(file)]
    except (OSError, TypeError, ValueError):
        return []
