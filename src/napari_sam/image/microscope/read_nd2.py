"""Read ND2: a position of a file of Nikon, with nd2."""

import warnings
import weakref
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from nd2 import ND2File
from numpy.typing import NDArray

from napari_sam.errors import reason
from napari_sam.image.decode.lazy_array import LazyArray, Region
from napari_sam.image.physical_size import Spacing
from napari_sam.image.series import Series, choose_series
from napari_sam.image.stored_image import StoredImage

_POSITION = "P"
"""nd2's letter for the positions of the stage."""

_FRAME = ("C", "Y", "X", "S")
"""Axes of a frame in the file: all channels of a plane lie together."""


def read(path: Path, series: Series | None = None) -> StoredImage:
    """Open a position of the stage; frames are mapped into memory, or decoded if compressed.

    Parameters
    ----------
    path : Path
        The file.
    series : int or str, optional
        Number or name of the position; the first by default.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata that nobody needs here
        file = ND2File(path)
    try:
        loops: dict[str, Any] = {loop.type: loop.parameters for loop in file.experiment}
        names = _positions(file, loops)
        number, choice = choose_series(str(path), names, series)
        channels, unread = _channels(path, file)
        frames = Nd2Position(file, number)
        return StoredImage(
            data=frames,
            letters=frames.letters,
            spacing=_spacing(channels, loops),
            series=number if len(names) > 1 else None,
            warnings=(*choice, *unread),
            channel_names=tuple(channel.channel.name or "" for channel in channels),
        )
    except BaseException:
        file.close()
        raise


class Nd2Position(LazyArray):
    """Pixels of a position, ``(*loops, C, Y, X)``, read region by region.

    Parameters
    ----------
    file : ND2File
        The open file, closed with the array.
    position : int
        Number of the position.

    Attributes
    ----------
    letters : tuple of str
        What each dimension is.
    """

    def __init__(self, file: ND2File, position: int) -> None:
        sizes = dict(file.sizes)
        self._loops = {axis: size for axis, size in sizes.items() if axis not in _FRAME}
        self.letters = tuple(axis for axis in sizes if axis != _POSITION)
        super().__init__(tuple(sizes[axis] for axis in self.letters), file.dtype)
        self._file, self._position = file, position
        self._lock = Lock()
        weakref.finalize(self, file.close)

    def read(self, region: Region) -> NDArray[Any]:
        """Read a region out of its frames."""
        pixels = np.empty([part.stop - part.start for part in region], self.dtype)
        count = len(self.letters) - self._frame_count
        loops, inside = region[:count], region[count:]
        for place in np.ndindex(*(part.stop - part.start for part in loops)):
            index = [part.start + i for part, i in zip(loops, place, strict=True)]
            pixels[place] = self._frame(index)[inside]
        return pixels

    @property
    def _frame_count(self) -> int:
        """Number of dimensions of a frame."""
        return sum(letter in _FRAME for letter in self.letters)

    def _frame(self, index: list[int]) -> NDArray[Any]:
        """Frame at an index along the loops but the positions."""
        along = iter(index)
        places = [self._position if axis == _POSITION else next(along) for axis in self._loops]
        number = 0
        for place, size in zip(places, self._loops.values(), strict=True):
            number = number * size + place
        with self._lock:
            frame: NDArray[Any] = self._file.read_frame(number)
        return frame.reshape(self.shape[len(self.shape) - self._frame_count :])


def _positions(file: ND2File, loops: dict[str, Any]) -> list[str]:
    """Name of each position, which may be empty."""
    count = file.sizes.get(_POSITION, 1)
    points = getattr(loops.get("XYPosLoop"), "points", None) or []
    names = [point.name or "" for point in points]
    return names if len(names) == count else [""] * count


def _channels(path: Path, file: ND2File) -> tuple[list[Any], tuple[str, ...]]:
    """Channels of the metadata, with a sentence if nd2 cannot read these."""
    try:
        return list(getattr(file.metadata, "channels", None) or ()), ()
    except Exception as error:  # nd2 raises errors of many kinds on metadata that it has not met
        return [], (
            f"{path} has metadata that nd2 cannot read ({reason(error)}): lengths are in pixels, "
            "and channels have no names",
        )


def _spacing(channels: list[Any], loops: dict[str, Any]) -> Spacing:
    """Size of a voxel in micrometres, where the file is calibrated, and time between frames."""
    spacing: dict[str, tuple[float, str]] = {}
    if channels:
        volume = channels[0].volume
        for axis, is_calibrated, size in zip(
            "XYZ", volume.axesCalibrated, volume.axesCalibration, strict=True
        ):
            if is_calibrated:
                spacing[axis] = (float(size), "micrometer")
    if milliseconds := _period(loops):
        spacing["T"] = (milliseconds / 1000, "second")
    return spacing


def _period(loops: dict[str, Any]) -> float:
    """Milliseconds between frames: measured, or as planned; 0 if unknown or not always the same."""
    loop = loops.get("TimeLoop")
    if loop is None and "NETimeLoop" in loops:
        periods = loops["NETimeLoop"].periods
        loop = periods[0] if len(periods) == 1 else None
    measured = getattr(getattr(loop, "periodDiff", None), "avg", None)
    return float(measured or getattr(loop, "periodMs", 0) or 0)
