"""ObjectState: a copy of an object under way, to go back to; no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.follow.following import Reach

from .questions import Key


@dataclass(frozen=True, slots=True, eq=False)
class ObjectState:
    """A copy of an object under way, without its prompts.

    Parameters
    ----------
    masks : mapping of tuple to Mask
        By plane.
    asked, answered : mapping of tuple to tuple
        Keys of the questions that were asked and answered, by plane.
    reach : Reach
        How far the object was followed.
    """

    masks: Mapping[Plane, Mask]
    asked: Mapping[Plane, Key]
    answered: Mapping[Plane, Key]
    reach: Reach

    def bytes_beside(self, masks: Mapping[Plane, Mask]) -> int:
        """Bytes of the masks of the copy that are not among `masks`."""
        shared = {id(mask) for mask in masks.values()}
        return sum(mask.pixels.nbytes for mask in self.masks.values() if id(mask) not in shared)
