"""Read CTC: masks and tracks in the folder layout of the Cell Tracking Challenge."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_sam.errors import LabelError, reason

from .write_ctc import RESULT, TRUTH, CtcLayout


class CtcFrames:
    """Masks of a folder as one read-only array; a frame is read when it is used.

    Parameters
    ----------
    paths : sequence of Path
        A TIFF per frame, all of one shape.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._held: tuple[int, NDArray[np.integer]] | None = None
        first = self._frame(0)
        self.shape = (len(paths), *first.shape)
        self.dtype: np.dtype[Any] = first.dtype

    @property
    def ndim(self) -> int:
        """Number of axes: 3, or 4 for volumes."""
        return len(self.shape)

    @property
    def chunks(self) -> tuple[int, ...]:
        """A frame, which is read whole."""
        return (1, *self.shape[1:])

    def __getitem__(self, region: Any) -> NDArray[np.integer]:
        """Labels of a region, given by integers and slices; raises LabelError if unreadable."""
        index = region if isinstance(region, tuple) else (region,)
        frames, space = range(self.shape[0])[index[0]], index[1:]
        if isinstance(frames, int):
            return self._frame(frames)[space]
        return np.stack([self._frame(frame)[space] for frame in frames])

    def __setitem__(self, region: Any, labels: Any) -> None:
        """Refuse to be painted into; raises LabelError."""
        raise LabelError("the masks of a folder are read only: copy them first")

    def _frame(self, frame: int) -> NDArray[np.integer]:
        if self._held is None or self._held[0] != frame:
            path = self._paths[frame]
            try:
                pixels = tifffile.imread(path)
            except Exception as error:  # files and codecs raise errors of many kinds
                raise LabelError(f"{path} cannot be read: {reason(error)}") from error
            if pixels.dtype.kind not in "ui" or pixels.ndim not in (2, 3):
                raise LabelError(f"{path} is no mask: it holds {pixels.ndim}D {pixels.dtype}")
            if frame and pixels.shape != self.shape[1:]:
                raise LabelError(
                    f"{path} has the shape {pixels.shape}, and the first mask {self.shape[1:]}"
                )
            self._held = (frame, pixels)
        return self._held[1]


@dataclass(frozen=True, slots=True, eq=False)
class CtcMovie:
    """Tracked labels of a folder.

    Parameters
    ----------
    labels : CtcFrames
        The masks.
    parents : mapping of int to int
        Number of a track to that of its parent. A single track with a parent is its continuation
        behind a gap.
    """

    labels: CtcFrames
    parents: Mapping[int, int]


def ctc_layout(folder: Path) -> tuple[Path, CtcLayout] | None:
    """Find masks in a folder, or in its folder ``TRA``; None if it has no table of tracks."""
    for place in (folder, folder / "TRA"):
        for layout in (RESULT, TRUTH):
            if (place / layout.table).is_file():
                return place, layout
    return None


def read_ctc(folder: Path) -> CtcMovie:
    """Open a result (``01_RES``) or a reference (``01_GT``, ``01_GT/TRA``).

    Raises
    ------
    LabelError
        If it has no table, a frame is missing, or the table is damaged.
    """
    found = ctc_layout(folder)
    if found is None:
        raise LabelError(
            f"{folder} has neither {RESULT.table} nor {TRUTH.table}: choose a folder such as "
            "01_RES or 01_GT/TRA"
        )
    place, layout = found
    pattern = re.compile(rf"{layout.mask}(\d+)\.tif")
    frames = {int(m[1]): path for path in place.iterdir() if (m := pattern.fullmatch(path.name))}
    missing = sorted(set(range(max(frames, default=0) + 1)) - set(frames))
    if missing:
        raise LabelError(f"{place} has no mask of frame {missing[0]}")
    parents = _parents(place / layout.table)
    return CtcMovie(CtcFrames([frames[frame] for frame in sorted(frames)]), parents)


def _parents(table: Path) -> dict[int, int]:
    parents = {}
    for number, line in enumerate(table.read_text("utf-8", errors="replace").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 4 or not all(re.fullmatch(r"\d{1,10}", word) for word in words):
            raise LabelError(
                f"{table}, line {number} is not four numbers: label, begin, end, parent"
            )
        if parent := int(words[3]):
            parents[int(words[0])] = parent
    return parents
