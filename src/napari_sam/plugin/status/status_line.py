"""StatusLine: the outcome of the last action, before the line on the state; no Qt."""

from collections.abc import Callable

from psygnal import Signal

from .dock_state import DockState
from .status import Status, status_of


class StatusLine:
    """Composes the line of the dock: an outcome or news, and the guidance of the state.

    An outcome stands until the next action of the user, whatever changes meanwhile. News of work
    in the background are shown only while no outcome stands.

    Parameters
    ----------
    read_state : callable
        Reads the state of the dock, now.

    Signals
    -------
    changed : str, Status
        The whole line, and what it was made from.
    """

    changed = Signal(str, object)

    def __init__(self, read_state: Callable[[], DockState]) -> None:
        self._read_state = read_state
        self._outcome = self._news = ""

    @property
    def status(self) -> Status:
        """The status of the present state."""
        return status_of(self._read_state())

    def begin_action(self) -> None:
        """Forget outcome and news: the user does something else now."""
        self._outcome = self._news = ""

    def tell(self, outcome: str) -> None:
        """Show the outcome of an action of the user."""
        self._outcome = outcome.strip()
        self.renew()

    def report(self, news: str) -> None:
        """Show news of work in the background, unless an outcome stands."""
        self._news = news.strip()
        self.renew()

    def renew(self) -> None:
        """Show the present state."""
        status = self.status
        if self._outcome in status.text:  # a reason that the state gives for as long as it holds
            self._outcome = ""
        self.changed.emit(f"{self._outcome or self._news} {status.text}".strip(), status)
