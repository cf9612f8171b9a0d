"""Looks table: segmented objects with scores, and decisions on a sample, as CSV files."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from napari_sam.document import parse_document
from napari_sam.errors import LabelError

COLUMNS = ("label", "score", "verdict", "random")
"""Columns of a table of looks. Only label and verdict are needed in one that is read."""

_VERDICTS = {"right": False, "kept": False, "wrong": True, "dropped": True, "corrected": True}
_RANDOM = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_ADVICE = "correct the table"

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Decision:
    """Look at a found object.

    Parameters
    ----------
    label : int
        Label of the object.
    wrong : bool
        Whether the object is wrong.
    random : bool
        Whether it was drawn at random.
    """

    label: int
    wrong: bool
    random: bool


@dataclass(frozen=True, slots=True)
class _Scored:
    """Row of a table of found objects, as ``segment --measure`` writes it."""

    label: int
    score: float | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class _Look:
    """Row of a table of looks."""

    label: int
    verdict: str
    random: str = ""


def read_scored(path: Path) -> dict[int, float]:
    """Read the scores of found objects, by label.

    Parameters
    ----------
    path : Path
        A table with the columns label and score, or an OME-Zarr of labels from the dock.

    Raises
    ------
    LabelError
        If it cannot be read, or has no scores.
    """
    from napari_sam.labels.files.class_files import read_scores

    if not path.exists():
        raise LabelError(f"no file {path}: check the path")
    if path.suffix.lower() == ".csv":
        rows = _rows(path, _Scored)
        scores = {row.label: row.score for _, row in rows if isinstance(row.score, float)}
    else:
        scores = read_scores(path)
    if not scores:
        raise LabelError(
            f"{path} has no scores of found objects: give the .csv of segment --measure, or an "
            ".ome.zarr that the dock saved"
        )
    return scores


def read_decisions(path: Path, found: Mapping[int, float]) -> list[Decision]:
    """Read the looks that have a verdict, in their order.

    Parameters
    ----------
    path : Path
        A table of looks.
    found : mapping of int to float
        Scores of the found objects, by label.

    Raises
    ------
    LabelError
        If the table cannot be read, or a row names no found object, another word than a verdict, or
        an object again.
    """
    decisions: dict[int, Decision] = {}
    for place, row in _rows(path, _Look):
        verdict, random = row.verdict.strip().lower(), row.random.strip().lower()
        if not verdict:
            continue
        if verdict not in _VERDICTS:
            raise LabelError(f"{place}: the verdict is right or wrong, not {verdict!r}")
        if random and random not in _RANDOM:
            raise LabelError(f"{place}: random is yes or no, not {random!r}")
        if row.label not in found:
            raise LabelError(f"{place}: no found object has the label {row.label}: {_ADVICE}")
        if row.label in decisions:
            raise LabelError(f"{place}: label {row.label} has a verdict already: {_ADVICE}")
        is_random = _RANDOM.get(random, False)
        decisions[row.label] = Decision(row.label, _VERDICTS[verdict], is_random)
    return list(decisions.values())


def write_looks(path: Path, labels: Sequence[int], found: Mapping[int, float]) -> None:
    """Write a table of objects to look at, drawn at random, with empty verdicts.

    Raises
    ------
    OutputError
        If the file cannot be written; an existing file stays as it was.
    """
    from napari_sam.labels.files.atomic import replacing

    with replacing(path) as place, place.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows([label, f"{found[label]:.4f}", "", "yes"] for label in labels)


def _rows(path: Path, kind: type[Row]) -> Iterator[tuple[str, Row]]:
    """Yield each row of a table, with its place for messages."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            rows = [(table.line_num, cells) for cells in table if any(cells.values())]
    except OSError as error:
        raise LabelError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (ValueError, csv.Error) as error:
        raise LabelError(f"{path} is not a table that can be read: {error}") from error
    for number, cells in rows:
        place = f"{path}, line {number}"
        yield place, parse_document(kind, cells, place, LabelError, _ADVICE)
