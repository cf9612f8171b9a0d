"""CalmProgress: a progress bar for work longer than the answer to a click."""

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QProgressBar

_NO_WORK = ("", 0, 1)
"""Text, steps done and steps in all, while there is no work."""

_DELAY = 150
"""Milliseconds from the first change of state to its display; later changes join it."""


class CalmProgress(QProgressBar):
    """A progress bar with a delay between state and display.

    A QProgressBar repaints the whole window, canvas included, whenever it gets a value. That took a
    sixth of the time of a click, several times a click, for a progress that nobody could read.

    Neither library serves here. napari's progress bars live in its activity dock and repaint at
    every update. superqt's debouncer would postpone the display as long as updates come, and after
    an emission its throttler shows the next state early, which brings back the repaints of a click.
    """

    def __init__(self) -> None:
        super().__init__()
        self._latest = self._displayed = _NO_WORK
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY)
        self._timer.timeout.connect(self._display_latest)
        self._display(_NO_WORK)

    def show_work(self, text: str = "", done: int = 0, total: int = 0) -> None:
        """Show how many of `total` steps are done; a `total` of 0 means unknown."""
        self._show_later((f"{text} %v of %m".strip() if total else text, done, total))

    def show_nothing(self) -> None:
        """Show an empty bar: there is no work."""
        self._show_later(_NO_WORK)

    def _show_later(self, state: tuple[str, int, int]) -> None:
        self._latest = state
        if not self._timer.isActive():
            self._timer.start()

    def _display_latest(self) -> None:
        if self._latest != self._displayed:
            self._display(self._latest)

    def _display(self, state: tuple[str, int, int]) -> None:
        self._displayed = state
        text, done, total = state
        self.setRange(0, total)
        self.setValue(done)
        self.setFormat(text)
