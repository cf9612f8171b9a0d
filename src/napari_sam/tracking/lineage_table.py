"""Lineage table: first and last frame, mother and doubt of every track, as CSV."""

import csv
from pathlib import Path

from napari_sam.errors import OutputError
from napari_sam.labels.files.target import check_may_replace
from napari_sam.labels.files.write import SUFFIXES

from .lineage import Lineage

COLUMNS = ("track", "parent", "first", "last", "doubt")
"""Columns of the table; ``parent`` is empty without a mother, ``doubt`` without any."""


def lineage_table_path(target: Path) -> Path:
    """Path of the table beside labels: ``cells_lineage.csv`` beside ``cells.ome.tif``."""
    name = next((target.name[: -len(s)] for s in SUFFIXES if target.name.lower().endswith(s)), "")
    return target.with_name(f"{name or target.stem}_lineage.csv")


def check_lineage_table(path: Path, *, overwrite: bool) -> None:
    """Check a path for a table of tracks: free, or with an older one to be replaced.

    Raises
    ------
    OutputError
        If the path holds something else, or `overwrite` is off.
    """
    if not path.exists():
        return
    if not path.is_file() or _first_line(path) != ",".join(COLUMNS):
        raise OutputError(
            f"{path} is not a table of tracks, which belongs there: choose another name for the "
            "labels, or move it"
        )
    check_may_replace(path, overwrite)


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline(200).strip()


def write_lineage_table(path: Path, lineage: Lineage) -> None:
    """Write one row per track; frames are counted from 0.

    The doubt of a track is the largest of the decisions with which it begins, or that join its
    parts.
    """
    doubts: dict[int, float] = {}
    for proposal in lineage.proposals:
        for row in proposal.rows[1:]:
            track = int(lineage.tracks[row])
            doubts[track] = max(doubts.get(track, 0.0), proposal.doubt)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for span in lineage.spans():
            doubt = f"{doubts[span.track]:.3f}" if span.track in doubts else ""
            rows.writerow([span.track, span.parent or "", span.first, span.last, doubt])
