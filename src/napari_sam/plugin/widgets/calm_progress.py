"""CalmProgress: a progress bar of work that lasts; a click's answer comes without it."""

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QProgressBar

_NOTHING = ("", 0, 1)
_AFTER = 150  # ms


class CalmProgress(QProgressBar):
    """Shows how far work is, a little later than it is told.

    A progress bar paints itself as soon as it gets a value, and with it the whole window, canvas
    included: a sixth of what a click takes, several times a click, to show what is over before
    anybody looked at it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._wanted = self._shown = _NOTHING
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER)
        self._timer.timeout.connect(self._show)
        self._set(_NOTHING)

    def show_work(self, text: str = "", done: int = 0, total: int = 0) -> None:
        """Say how far the work is; no `total` if that is not known."""
        self._want((f"{text} %v of %m".strip() if total else text, done, total))

    def show_nothing(self) -> None:
        """Say that there is no work."""
        self._want(_NOTHING)

    def _want(self, state: tuple[str, int, int]) -> None:
        self._wanted = state
        if not self._timer.isActive():
            self._timer.start()

    def _show(self) -> None:
        if self._wanted != self._shown:
            self._set(self._wanted)

    def _set(self, state: tuple[str, int, int]) -> None:
        self._shown = state
        text, done, total = state
        self.setRange(0, total)
        self.setValue(done)
        self.setFormat(text)
