"""MovieObjects: the objects of all frames of a movie, in one table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class MovieObjects:
    """Objects of a movie, one row each, ordered by frame, then label.

    Collected by :func:`~napari_sam.tracking.read_movie.read_movie`.

    Parameters
    ----------
    frames : ndarray
        ``(N,)`` int64.
    labels : ndarray
        ``(N,)`` int64: the label of the object in its frame.
    sizes : ndarray
        ``(N,)`` float64: area or volume, in pixels of the side of x.
    centres : ndarray
        ``(N, D)`` float64, pixels, along all axes but time.
    positions : ndarray
        ``(N, D)`` float64, pixels of the side of x, without the drift since the first frame.
    starts : ndarray
        ``(frames + 1,)`` intp: index of the first row of each frame, and N.
    """

    frames: NDArray[np.int64]
    labels: NDArray[np.int64]
    sizes: NDArray[np.float64]
    centres: NDArray[np.float64]
    positions: NDArray[np.float64]
    starts: NDArray[np.intp]

    @property
    def frame_count(self) -> int:
        """Number of frames of the movie."""
        return len(self.starts) - 1

    @property
    def radii(self) -> NDArray[np.float64]:
        """Radius of the disc or ball with the size of each object, ``(N,)``."""
        return radii_of(self.sizes, self.positions.shape[1])

    def rows_of(self, frame: int) -> range:
        """Rows of a frame."""
        return range(int(self.starts[frame]), int(self.starts[frame + 1]))


def radii_of(sizes: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
    """Radius of the disc or ball of each size, in pixels."""
    if dimensions == 2:
        return np.sqrt(sizes / np.pi)
    return np.cbrt(sizes * 3 / (4 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Objects joined to their successors in the next frame.

    Made by :func:`~napari_sam.tracking.link_frames.link_frames`, with rows of
    :class:`MovieObjects`.

    Parameters
    ----------
    first, second : ndarray
        ``(M,)`` intp: rows of predecessor and successor.
    doubt : ndarray
        ``(M,)`` float64, from 0 to 1: how little is lost by the second best choice.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    doubt: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence["Links"]) -> "Links":
        """The links of several pairs of frames."""
        return cls(
            np.concatenate([np.empty(0, np.intp), *(part.first for part in parts)]),
            np.concatenate([np.empty(0, np.intp), *(part.second for part in parts)]),
            np.concatenate([np.empty(0), *(part.doubt for part in parts)]),
        )

    def neighbours(self, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row of the predecessor and of the successor of each of `count` objects, or -1."""
        before, after = np.full(count, -1, np.intp), np.full(count, -1, np.intp)
        before[self.second], after[self.first] = self.first, self.second
        return before, after

    def __iter__(self) -> Iterator[tuple[int, int, float]]:
        """Predecessor, successor and doubt of each link."""
        rows = (self.first.tolist(), self.second.tolist(), self.doubt.tolist())
        return zip(*rows, strict=True)
