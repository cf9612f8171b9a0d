"""ObjectState: a copy of an object under way, to go back to; no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.follow.following import Reach

from .chosen_masks import ChosenMask
from .offered_mask import OfferedMask
from .questions import Key


@dataclass(frozen=True, slots=True, eq=False)
class ObjectState:
    """Copy of an object under way, without prompts.

    Parameters
    ----------
    masks : mapping of tuple to Mask
        By plane.
    questions, answered : mapping of tuple to tuple
        Keys of all questions, and of the answered ones, by plane.
    reach : Reach
        How far the object was followed.
    chosen : mapping of tuple to ChosenMask
        Masks preferred to answers, by plane.
    offered : OfferedMask or None
        The offer that the user had.
    """

    masks: Mapping[Plane, Mask]
    questions: Mapping[Plane, Key]
    answered: Mapping[Plane, Key]
    reach: Reach
    chosen: Mapping[Plane, ChosenMask]
    offered: OfferedMask | None

    def bytes_beside(self, masks: Mapping[Plane, Mask]) -> int:
        """Bytes of masks in the copy alone, not in `masks`."""
        shared = {id(mask) for mask in masks.values()}
        return sum(mask.pixels.nbytes for mask in self.masks.values() if id(mask) not in shared)
