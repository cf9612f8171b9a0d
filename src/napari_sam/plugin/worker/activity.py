"""Activity: how far long work is, and how long it will take, in napari's activity dock."""

from collections.abc import Callable
from contextlib import suppress

from napari.utils import cancelable_progress
from qtpy.QtCore import QTimer

from .events import Progress

_DRAWN_EVERY = 100
"""Milliseconds between two moves of the bar."""


class _Bar(cancelable_progress):
    """Cancels at once: the original asks only where it is looped over."""

    def cancel(self) -> None:
        super().cancel()
        self.cancel_callback()


class Activity:
    """One bar, from the first progress that has an end until :meth:`close`.

    Whenever napari makes or moves a bar, it handles all events that wait, and the end of the work
    may be among them. So the bar moves by a timer of its own, and whoever tells of progress is
    not overtaken by what comes after it.

    Parameters
    ----------
    cancel : callable
        Called when the user cancels there.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._told: Progress | None = None
        self._bar: _Bar | None = None
        self._drawing = False
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(_DRAWN_EVERY)
        self._soon.timeout.connect(self._draw)

    def show(self, event: Progress) -> None:
        """Show how far the work is, soon."""
        if not event.total:
            return
        self._told = event
        if not self._soon.isActive():
            self._soon.start()

    def close(self) -> None:
        """Take the bar away."""
        self._told = None
        with suppress(RuntimeError):  # the program ends, and Qt is gone already
            self._soon.stop()
        if not self._drawing:
            self._take_away()

    def _draw(self) -> None:
        told = self._told
        if told is None or self._drawing:
            return
        self._drawing = True
        try:
            self._move(told)
        finally:
            self._drawing = False
        if self._told is None:  # closed meanwhile
            self._take_away()
        elif self._told is not told:
            self._soon.start()

    def _move(self, told: Progress) -> None:
        if self._bar is None:
            self._bar = _Bar(
                total=told.total, desc=told.text, cancel_callback=self._cancel, initial=told.done
            )
        self._bar.update(told.done - self._bar.n)

    def _take_away(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()
