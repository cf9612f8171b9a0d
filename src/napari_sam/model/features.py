"""Features of an image, from the image encoder to the mask decoder."""

from dataclasses import dataclass

from torch import Tensor

Offset = tuple[int, int] | tuple[Tensor, Tensor]
"""First row and column, in tokens, of windows on the positional grid. Tensors of one int each let a
recorded training step run again at another place."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ImageFeatures:
    """Features of one batch of windows.

    Parameters
    ----------
    image_embedding : Tensor
        ``(B, D, H/16, W/16)`` float.
    high_res_features : tuple of Tensor
        ``(B, D/4, H/8, W/8)`` and ``(B, mask_dim, H/4, W/4)`` float; empty for SAM 1 and
        EfficientTAM.
    proposals : Tensor or None
        ``(B, 2, H/4, W/4)`` float logits of object centre and foreground. Six channels with
        proposal boxes: ``log(1 + d)`` for the distance ``d``, in model pixels, from the middle of
        the cell to the top, left, bottom and right side of the box of its object.
    conditioned : bool
        Memory attention, or the learned vector for empty memory, is in the embedding already.
    """

    image_embedding: Tensor
    high_res_features: tuple[Tensor, ...] = ()
    proposals: Tensor | None = None
    conditioned: bool = False

    def float(self) -> "ImageFeatures":
        """The same features in float32."""
        return ImageFeatures(
            self.image_embedding.float(),
            tuple(features.float() for features in self.high_res_features),
            None if self.proposals is None else self.proposals.float(),
            self.conditioned,
        )
