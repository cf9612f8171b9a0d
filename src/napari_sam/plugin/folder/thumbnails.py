"""Thumbnails: small pictures of the images in the visible rows of a list, made in a thread."""

from collections import deque
from contextlib import suppress
from threading import Lock, Thread

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_sam.embeddings.least_recently_used import LeastRecentlyUsed
from napari_sam.folder.image_list import FolderImage
from napari_sam.image.contrast.coarse import coarse_level
from napari_sam.image.read import read_pyramid
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.image.session_input import mapping_of
from napari_sam.plugin.image.thumbnail import Look, small_level, thumbnail

Pixels = NDArray[np.uint8]

_KEPT = 500
"""Number of pictures that are kept: 14 MB at most."""

_WAITING = 24
"""Number of pictures that are waited for, at most: rows that were scrolled past are forgotten."""


class Thumbnails(QObject):
    """Makes pictures of images, the latest request first, and keeps them.

    In a thread of its own, for the worker of the model may be busy for minutes; see
    :class:`~napari_sam.plugin.image.model_view.ModelView`.

    Signals
    -------
    made : str
        Name of an image whose picture is there.
    """

    made = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures: LeastRecentlyUsed[str, Pixels | None] = LeastRecentlyUsed(_KEPT)
        self._waiting: deque[FolderImage] = deque(maxlen=_WAITING)
        self._lock = Lock()
        self._thread: Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a picture is being made."""
        return self._thread is not None

    @property
    def count(self) -> int:
        """Number of pictures that were made, or tried."""
        with self._lock:
            return len(list(self._pictures.values()))

    def forget(self) -> None:
        """Forget all pictures: another folder is shown."""
        with self._lock:
            self._waiting.clear()
            self._pictures = LeastRecentlyUsed(_KEPT)

    def of(self, image: FolderImage) -> Pixels | None:
        """Picture of an image, ``(h, w, 3)`` uint8 RGB; None if it is to come, or cannot be made.

        Parameters
        ----------
        image : FolderImage
            The image; a picture that is missing is made, unless others push it out of the queue.
        """
        with self._lock:
            if image.name in self._pictures:
                self._pictures.touch(image.name)
                return self._pictures.peek(image.name)
            if image not in self._waiting:
                self._waiting.append(image)
            if self._thread is None:
                self._thread = Thread(
                    target=self._make_all, name="napari-sam thumbnails", daemon=True
                )
                self._thread.start()
        return None

    def _make_all(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                image, pictures = self._waiting.pop(), self._pictures
            pixels = None
            with suppress(Exception):  # an image that cannot be read is told when it is opened
                pixels = picture_of(image)
            with self._lock:
                pictures.put(image.name, pixels)
            with suppress(RuntimeError):  # the dock has gone meanwhile
                self.made.emit(image.name)


def picture_of(image: FolderImage) -> Pixels:
    """Picture of the middle slice of an image, at automatic contrast.

    Returns
    -------
    ndarray
        ``(h, w, 3)`` uint8 RGB, the longer side at most 96.
    """
    volume, levels = read_pyramid(image.path)
    source = ImageSource(
        volume.data,
        volume.axes,
        0,
        "auto",
        volume.calibration,
        image.name,
        coarse=coarse_level(levels, volume.axes),
    )
    plane = tuple(count // 2 for count in source.plane_shape)
    level = small_level(levels, len(source.layer_axes) - 2)
    return thumbnail(Look(source, plane, [level]), mapping_of(source))
