"""ModelView: keeps the small picture of the model's input fresh, in an extra thread."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Thread

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.events import Event
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_sam.image.intensity import IntensityMapping
from napari_sam.plugin.image.session_input import mapping_of

from .image_source import ImageSource
from .thumbnail import Look, thumbnail

Shown = Callable[[NDArray[np.uint8] | None], None]

_REST = 150
"""Milliseconds without a change after which the picture is made."""

_SEEN = ("contrast_limits", "colormap", "data")


class ModelView(QObject):
    """Makes the picture after 150 ms without changes; changes meanwhile lead to another picture.

    The picture is made in an extra thread, for the worker of the model may be busy for minutes; and
    in a thread of Python's, for napari's workers change the filters of warnings of all threads.

    Parameters
    ----------
    viewer : napari.Viewer
        Has the sliders, for the plane.
    look : callable
        Returns the arrays for the picture; None for no picture.
    show : callable
        Gets ``(h, w, 3)`` uint8, or None.

    Signals
    -------
    image_changed
        Contrast, colours or data of a watched layer changed, and have rested since. Not after a
        change of the slice in the same moment: napari's continuous contrast follows the slice.
    """

    image_changed = Signal()
    _made = Signal(object)

    def __init__(self, viewer: ViewerModel, look: Callable[[], Look | None], show: Shown) -> None:
        super().__init__()
        self._viewer, self._look, self._show = viewer, look, show
        self._watched: list[Image] = []
        self._thread: Thread | None = None
        self._has_changed = self._has_moved = False
        self._mapped: tuple[ImageSource, IntensityMapping] | None = None
        # A QTimer: superqt's debouncer does not tell whether it is waiting.
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._timer.timeout.connect(self._begin)
        self._made.connect(self._end)
        viewer.dims.events.current_step.connect(self._note_move)

    @property
    def busy(self) -> bool:
        """Whether a picture is being made, or will be."""
        return self._thread is not None or self._timer.isActive()

    def watch(self, layers: Iterable[Image]) -> None:
        """Listen to these Image layers from now on."""
        self._listen(layers)
        self.later()

    def _listen(self, layers: Iterable[Image]) -> None:
        for layer in self._watched:
            for name in _SEEN:
                getattr(layer.events, name).disconnect(self._note_change)
        self._watched = list(layers)
        for layer in self._watched:
            for name in _SEEN:
                getattr(layer.events, name).connect(self._note_change)

    def _note_move(self, event: Event) -> None:
        self._has_moved = True
        self.later()

    def _note_change(self, event: Event) -> None:
        self._has_changed = True
        self.later()

    def later(self, event: Event | None = None) -> None:
        """Make the picture when nothing has changed for a moment."""
        self._timer.start()

    def close(self) -> None:
        """Listen no longer, and show nothing more."""
        self._listen(())
        with suppress(RuntimeError):  # at the end of napari Qt has destroyed it
            self._timer.stop()
        self._viewer.dims.events.current_step.disconnect(self._note_move)
        self._show = lambda pixels: None

    def _begin(self) -> None:
        if self._thread is not None:
            self._timer.start()
            return
        is_new_look = self._has_changed and not self._has_moved
        self._has_changed = self._has_moved = False
        if is_new_look:
            self.image_changed.emit()
        look = self._look()
        if look is None:
            self._show(None)
            return
        self._thread = Thread(target=self._make, args=(look,), name="napari-sam view", daemon=True)
        self._thread.start()

    def _make(self, look: Look) -> None:
        pixels = None
        # What cannot be read is told by the click that needs it.
        with suppress(Exception):
            pixels = thumbnail(look, self._mapping(look.source))
        with suppress(RuntimeError):  # the dock has gone meanwhile
            self._made.emit(pixels)

    def _mapping(self, source: ImageSource) -> IntensityMapping:
        if self._mapped is None or not source.same_view(self._mapped[0]):
            self._mapped = source, mapping_of(source)
        return self._mapped[1]

    def _end(self, pixels: NDArray[np.uint8] | None) -> None:
        self._thread = None
        self._show(pixels)
