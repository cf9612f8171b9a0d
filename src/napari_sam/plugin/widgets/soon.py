"""Soon: a single call after all events of a user action, before the window is painted."""

from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, Signal


class Soon(QObject):
    """Calls a function once after the current event, however often :meth:`start` was called.

    A timer of 0 ms would call after the window was painted: the model would get a click only after
    the screen has shown the click, instead of at the same time.

    Parameters
    ----------
    call : callable
        The function.
    parent : QObject
        Owner: Qt destroys both together.
    """

    _requested = Signal()

    def __init__(self, call: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._call, self._active = call, False
        self._requested.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Ask for the call after the current event."""
        if not self._active:
            self._active = True
            self._requested.emit()

    def stop(self) -> None:
        """Cancel the call."""
        self._active = False

    def isActive(self) -> bool:  # noqa: N802, as of a timer
        """Whether the call is to come."""
        return self._active

    def _run(self) -> None:
        if self._active:
            self._active = False
            self._call()
