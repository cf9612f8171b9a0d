"""Batch: windows with prompted objects and dense targets, for one step."""

from dataclasses import dataclass

from torch import Tensor

from napari_sam.model.features import Offset

from .prompts import Objects
from .targets import Targets


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Training batch of ``B`` windows with ``C`` prompted objects each.

    Parameters
    ----------
    rgb : Tensor
        ``(B, 3, size, size)`` float32 in 0..255.
    offset : Offset
        Place of the windows on the positional grid, in tokens.
    objects : Objects
        Objects and prompts of the simulated users.
    targets : Targets
        Dense targets of the proposal head.
    complete : Tensor or None
        ``(B,)`` float32: 1 for windows in which all objects are labelled, 0 for the others, whose
        background teaches nothing; None if all objects of all windows are labelled.
    """

    rgb: Tensor
    offset: Offset
    objects: Objects
    targets: Targets
    complete: Tensor | None = None
