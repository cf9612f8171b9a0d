"""What the decoder needs of an image."""

from dataclasses import dataclass

from torch import Tensor

Offset = tuple[int, int] | tuple[Tensor, Tensor]
"""Row and column, in tokens, of windows on the positional grid; tensors to record a step."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ImageFeatures:
    """Features of one batch of windows.

    Parameters
    ----------
    image_embedding : Tensor
        ``(B, D, H/16, W/16)`` float.
    high_res_features : tuple of Tensor
        ``(B, D/4, H/8, W/8)`` and ``(B, mask_dim, H/4, W/4)`` float; empty for models without.
    proposals : Tensor or None
        ``(B, 2, H/4, W/4)`` float logits: object centre, foreground; or ``(B, 6, H/4, W/4)``, then
        the logarithms of one plus the distances, in model pixels, from the middle of the cell to
        the top, left, bottom and right side of the box of the object that lies there.
    conditioned : bool
        The embedding has been conditioned on memories, or on their absence, already.
    """

    image_embedding: Tensor
    high_res_features: tuple[Tensor, ...] = ()
    proposals: Tensor | None = None
    conditioned: bool = False
