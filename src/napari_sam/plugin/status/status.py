"""Status: the line of the dock and the actions that do nothing; no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from napari_sam.plugin.keys import ACTIONS

from .availability import unavailable
from .dock_state import DockState
from .guidance import guidance


@dataclass(frozen=True, slots=True)
class Status:
    """What the dock says and offers in a state.

    Parameters
    ----------
    text : str
        The state and the next step of the user.
    unavailable : mapping of str to str
        Name of an action that does nothing now -> the reason, as a line for the user.
    undo : str
        The action that undo takes back; empty for none.
    """

    text: str = ""
    unavailable: Mapping[str, str] = field(default_factory=dict)
    undo: str = ""

    @property
    def enabled(self) -> frozenset[str]:
        """Names of the actions that do something."""
        return frozenset(action.name for action in ACTIONS) - self.unavailable.keys()


def status_of(state: DockState) -> Status:
    """The line and the actions of a state; pure.

    Parameters
    ----------
    state : DockState
        The state of the dock.

    Returns
    -------
    Status
    """
    reasons = unavailable(state)
    return Status(guidance(state, reasons), reasons, state.undo)
