"""Acceptance: the user's choices for objects to become labels; no Qt, no napari."""

from dataclasses import dataclass, replace

from napari_sam.labels.paint import OverlapPolicy
from napari_sam.masks.pixels.clean import AS_IT_IS, Cleaning


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Overlap policy, label, cleaning and class for objects to be accepted.

    Parameters
    ----------
    policy : OverlapPolicy
        Treatment of pixels of other labels.
    label : int
        The label to add the object to; 0 for the next free label.
    cleaning : Cleaning
        Holes, crumbs and outline: applied to masks before the preview and acceptance.
    of_class : str
        Class of the object; empty for none.
    """

    policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING
    label: int = 0
    cleaning: Cleaning = AS_IT_IS
    of_class: str = ""

    def next_free(self) -> "Acceptance":
        """The same choices with the next free label."""
        return replace(self, label=0)
