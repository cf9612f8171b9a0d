"""Object state: what was found of an object at some time, to go back to it; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.follow.following import Reach

if TYPE_CHECKING:
    from .current_object import CurrentObject


@dataclass(frozen=True, slots=True, eq=False)
class ObjectState:
    """What was found of an object.

    Parameters
    ----------
    masks : mapping of tuple to Mask
        By plane.
    wanted, answered : mapping of tuple to tuple
        Which prompts there are masks for, and for which they are there, by plane.
    reach : Reach
        How far it was followed.
    axis_wanted : str or None
        Along which axis it is to be followed as soon as its masks are there.
    """

    masks: Mapping[Plane, Mask]
    wanted: Mapping[Plane, tuple[Any, ...]]
    answered: Mapping[Plane, tuple[Any, ...]]
    reach: Reach
    axis_wanted: str | None

    def bytes_beside(self, masks: Mapping[Plane, Mask]) -> int:
        """How many bytes its masks take, those left out that others have too."""
        known = {id(mask) for mask in masks.values()}
        return sum(mask.pixels.nbytes for mask in self.masks.values() if id(mask) not in known)


@dataclass(slots=True, eq=False)
class Exchange:
    """What was found of some objects before something happened to them, or after.

    Parameters
    ----------
    states : mapping of CurrentObject to ObjectState
        What to go back to, or to do again.
    """

    states: "Mapping[CurrentObject, ObjectState]"

    @property
    def size(self) -> int:
        """Of the masks that nobody else has."""
        return sum(state.bytes_beside(one.masks) for one, state in self.states.items())

    def undo(self) -> bool:
        """Go back; what is there now is kept, to do it again."""
        wanted, self.states = self.states, {one: one.state() for one in self.states}
        for one, state in wanted.items():
            one.restore(state)
        return True

    def redo(self) -> None:
        """Go forth again."""
        self.undo()
