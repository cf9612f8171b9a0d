"""Exchange: copies of objects before or after a change; no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask


class State(Protocol):
    """Copy of an object."""

    def bytes_beside(self, masks: Mapping[Plane, Mask]) -> int:
        """Bytes of masks in the copy alone, not in `masks`."""


class Restorable(Protocol):
    """Object with copies to go back to."""

    masks: dict[Plane, Mask]

    def state(self) -> State:
        """Copy of the object."""

    def restore(self, state: Any) -> None:
        """Restore a copy."""


@dataclass(slots=True, eq=False)
class Exchange:
    """Copies of objects, to go back and forth between two states.

    Parameters
    ----------
    states : mapping of Restorable to State
        The copies, as they were before a change or after it.
    """

    states: Mapping[Restorable, State]

    @property
    def size(self) -> int:
        """Bytes of masks in the copies alone."""
        return sum(state.bytes_beside(copied.masks) for copied, state in self.states.items())

    def undo(self) -> bool:
        """Restore the copies, and keep copies of the present objects for redo."""
        states, self.states = self.states, {copied: copied.state() for copied in self.states}
        for copied, state in states.items():
            copied.restore(state)
        return True

    def redo(self) -> None:
        """Restore the copies of after the change."""
        self.undo()
