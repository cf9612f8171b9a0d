"""Write CTC: tracked labels in the folder layout of the Cell Tracking Challenge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_sam.errors import LabelError, OutputError
from napari_sam.labels.label_array import LabelArray

from .atomic import replacing
from .target import check_may_replace

LARGEST_TRACK = int(np.iinfo(np.uint16).max)
"""Largest number of a track: the masks have 16 bits."""


@dataclass(frozen=True, slots=True)
class CtcLayout:
    """Names of the files of a folder.

    Parameters
    ----------
    mask : str
        Begin of the name of each frame's mask; its number follows.
    table : str
        Name of the table of tracks.
    """

    mask: str
    table: str


RESULT = CtcLayout("mask", "res_track.txt")
"""Layout of a result, such as ``01_RES``."""

TRUTH = CtcLayout("man_track", "man_track.txt")
"""Layout of a reference, such as ``01_GT/TRA``."""


def write_ctc(
    folder: Path,
    labels: LabelArray,
    parents: Mapping[int, int],
    *,
    layout: CtcLayout = RESULT,
    overwrite: bool = False,
) -> Iterator[tuple[int, int]]:
    """Save tracked labels: a 16-bit mask per frame, and a table of tracks.

    Tracks are numbered from 1 as they begin. The layout has no gaps: behind a gap, a track goes on
    as a new one whose parent is the old one. Source: the Cell Tracking Challenge's "Naming and file
    content conventions" (celltrackingchallenge.net).

    Parameters
    ----------
    folder : Path
        New folder; it appears when all frames are written.
    labels : array-like
        ``(T, Y, X)`` or ``(T, Z, Y, X)`` integers, the same for an object in all frames; a frame at
        a time is read.
    parents : mapping of int to int
        Label of a daughter to the label of her mother.
    layout : CtcLayout
        :data:`RESULT` or :data:`TRUTH`.
    overwrite : bool
        Whether to replace an older folder of this layout.

    Yields
    ------
    tuple of int
        Frames done, and frames in all.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    LabelError
        If there are more tracks than 16 bits hold.
    """
    check_ctc_target(folder, overwrite=overwrite)
    count = int(labels.shape[0])
    digits = max(3, len(str(count - 1)))
    book = _TrackBook()
    with replacing(folder) as partial:
        partial.mkdir()
        for frame in range(count):
            mask = book.numbered(np.asarray(labels[frame]), frame, parents)
            name = f"{layout.mask}{frame:0{digits}}.tif"
            tifffile.imwrite(partial / name, mask, compression="zlib", photometric="minisblack")
            yield frame + 1, count
        (partial / layout.table).write_text(book.table(), encoding="ascii")


def check_ctc_target(folder: Path, *, overwrite: bool) -> None:
    """Check a path for a folder of masks: free, empty, or with an older one to be replaced.

    Raises
    ------
    OutputError
        If the folder around it is missing, or it holds something else or may not be replaced.
    """
    if not folder.parent.is_dir():
        raise OutputError(
            f"the folder {folder.parent} does not exist: create it, or choose another one"
        )
    if not folder.exists():
        return
    tables = [RESULT.table, TRUTH.table]
    is_ours = folder.is_dir() and any((folder / table).is_file() for table in tables)
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if not is_ours:
        raise OutputError(
            f"{folder} is not a folder of the Cell Tracking Challenge: choose another name"
        )
    check_may_replace(folder, overwrite)


@dataclass(slots=True)
class _Track:
    """A line of the table: number, first and last frame, number of the parent."""

    number: int
    first: int
    last: int
    parent: int


@dataclass(slots=True)
class _TrackBook:
    """Tracks that began so far, and the latest of each label."""

    tracks: list[_Track] = field(default_factory=list)
    latest: dict[int, _Track] = field(default_factory=dict)

    def numbered(
        self, labels: NDArray[np.integer], frame: int, parents: Mapping[int, int]
    ) -> NDArray[np.uint16]:
        """Labels of a frame, replaced by the numbers of their tracks."""
        present, ranks = np.unique(labels, return_inverse=True)
        numbers = [self._number(label, frame, parents) for label in present.tolist()]
        mask: NDArray[np.uint16] = np.array(numbers, np.uint16)[ranks].reshape(labels.shape)
        return mask

    def _number(self, label: int, frame: int, parents: Mapping[int, int]) -> int:
        if label == 0:
            return 0
        track = self.latest.get(label)
        if track is not None and track.last == frame - 1:
            track.last = frame
            return track.number
        mother = self.latest.get(parents.get(label, 0)) if track is None else track
        if len(self.tracks) == LARGEST_TRACK:
            raise LabelError(
                f"there are more than {LARGEST_TRACK} tracks, and the masks of the Cell Tracking "
                "Challenge have 16 bits: use --as geff, or save labels and a lineage table"
            )
        number = len(self.tracks) + 1
        track = _Track(number, frame, frame, 0 if mother is None else mother.number)
        self.tracks.append(track)
        self.latest[label] = track
        return number

    def table(self) -> str:
        """The table of tracks: a line of four numbers each."""
        lines = (f"{t.number} {t.first} {t.last} {t.parent}\n" for t in self.tracks)
        return "".join(lines)
