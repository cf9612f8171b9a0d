"""Exchange: what the model gave for some objects, before a change or after it; no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask


class State(Protocol):
    """A copy of an object at some time."""

    def bytes_beside(self, masks: Mapping[Plane, Mask]) -> int:
        """Bytes of the masks of the copy that are not among `masks`."""


class Restorable(Protocol):
    """An object that can go back to an earlier state."""

    masks: dict[Plane, Mask]

    def state(self) -> State:
        """A copy of the object as it is now."""

    def restore(self, state: State) -> None:
        """Be as a copy says."""


@dataclass(slots=True, eq=False)
class Exchange:
    """Copies of some objects, to go back to, and then forth again.

    Parameters
    ----------
    states : mapping of Restorable to State
        The copies, as they were before a change or after it.
    """

    states: Mapping[Restorable, State]

    @property
    def size(self) -> int:
        """Bytes of the masks that only the copies have."""
        return sum(state.bytes_beside(copied.masks) for copied, state in self.states.items())

    def undo(self) -> bool:
        """Restore the copies; what is there now is copied instead, to do the change again."""
        states, self.states = self.states, {copied: copied.state() for copied in self.states}
        for copied, state in states.items():
            copied.restore(state)
        return True

    def redo(self) -> None:
        """Restore the copies of after the change."""
        self.undo()
