"""Soon: one call after all the events of a user action, and before the window is painted."""

from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, Signal


class Soon(QObject):
    """Calls once, however often it is asked to, when the event under way is over.

    A timer of 0 ms would come after the window was painted: the model would get a click only when
    the screen shows it, where both can be done at once.

    Parameters
    ----------
    call : callable
        What to do.
    parent : QObject
        With it, it goes.
    """

    _wanted = Signal()

    def __init__(self, call: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._call, self._active = call, False
        self._wanted.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Ask for the call."""
        if not self._active:
            self._active = True
            self._wanted.emit()

    def stop(self) -> None:
        """Take that back."""
        self._active = False

    def isActive(self) -> bool:  # noqa: N802, as of a timer
        """Whether the call is to come."""
        return self._active

    def _run(self) -> None:
        if self._active:
            self._active = False
            self._call()
