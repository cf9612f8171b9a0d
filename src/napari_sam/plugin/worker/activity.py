"""Activity: progress of long work in napari's activity dock."""

from collections.abc import Callable
from contextlib import suppress

from napari.utils import cancelable_progress
from qtpy.QtCore import QTimer

from .events import Progress

_DRAWN_EVERY = 100
"""Milliseconds between two moves of the bar."""


class _Bar(cancelable_progress):
    """Progress bar with an immediate cancel: napari's own asks only inside of a loop."""

    def cancel(self) -> None:
        super().cancel()
        self.cancel_callback()


class Activity:
    """Progress bar from the first progress with a known total until :meth:`close`.

    napari handles all waiting events whenever a bar is made or moved; the end of the work may be
    among these events. So a timer moves the bar, and :meth:`show` returns before any other event.

    Parameters
    ----------
    cancel : callable
        Called when the user cancels there.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._progress: Progress | None = None
        self._bar: _Bar | None = None
        self._drawing = False
        # A QTimer: superqt's throttler would draw the first progress at once, and later ones late.
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(_DRAWN_EVERY)
        self._soon.timeout.connect(self._draw)

    def show(self, event: Progress) -> None:
        """Show how far the work is, soon."""
        if not event.total:
            return
        self._progress = event
        if not self._soon.isActive():
            self._soon.start()

    def close(self) -> None:
        """Take the bar away."""
        self._progress = None
        with suppress(RuntimeError):  # the program ends, and Qt is gone already
            self._soon.stop()
        if not self._drawing:
            self._take_away()

    def _draw(self) -> None:
        progress = self._progress
        if progress is None or self._drawing:
            return
        self._drawing = True
        try:
            self._move(progress)
        finally:
            self._drawing = False
        if self._progress is None:  # closed meanwhile
            self._take_away()
        elif self._progress is not progress:
            self._soon.start()

    def _move(self, progress: Progress) -> None:
        if self._bar is None:
            self._bar = _Bar(
                total=progress.total,
                desc=progress.text,
                cancel_callback=self._cancel,
                initial=progress.done,
            )
        self._bar.update(progress.done - self._bar.n)

    def _take_away(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()
