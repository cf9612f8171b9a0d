"""Mask: pixels of an object in a plane, with the scores of the model."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_sam.prompts.prompt import Prompt
from napari_sam.tiles.bbox import BBox, box_of, intersection, place


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """The pixels and scores of an object in a plane.

    Parameters
    ----------
    plane : tuple of int
        Index of the leading axes; ``()`` for a single image.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels of the plane, the ends excluded.
    pixels : ndarray
        ``(y1 - y0, x1 - x0)`` bool, True inside the object.
    iou : float
        Intersection over union with the true object, as the model predicts it.
    object_score : float
        Logit of the probability that there is an object at all; above 0 it is likely.
    low_res_logits : ndarray, optional
        ``(h, w)`` float32 from the decoder, a quarter of the model's resolution: the
        ``mask_input`` of the next click.
    prompts : tuple of Prompt
        Prompts that the model answered, where a session was asked; empty otherwise. They are noted
        in recipes.

    Raises
    ------
    ValueError
        If `pixels` are not bool or not of the shape of `bbox`.
    """

    plane: tuple[int, ...]
    bbox: tuple[int, int, int, int]
    pixels: NDArray[np.bool_]
    iou: float
    object_score: float
    low_res_logits: NDArray[np.float32] | None = None
    prompts: tuple[Prompt, ...] = ()

    def __post_init__(self) -> None:
        y0, x0, y1, x1 = self.bbox
        if self.pixels.dtype != np.bool_ or self.pixels.shape != (y1 - y0, x1 - x0):
            raise ValueError(
                f"pixels of a mask with bbox {self.bbox} must be bool and of shape "
                f"{(y1 - y0, x1 - x0)}, not {self.pixels.dtype} and {self.pixels.shape}"
            )

    @property
    def area(self) -> int:
        """Number of pixels in the object."""
        return int(np.count_nonzero(self.pixels))

    @property
    def empty(self) -> bool:
        """Whether no pixel belongs to the object."""
        return not self.pixels.any()

    @property
    def confidence(self) -> float:
        """Predicted IoU times the probability of an object, from 0 to 1."""
        return float(self.iou / (1 + np.exp(-self.object_score)))

    def within(self, region: BBox) -> NDArray[np.bool_]:
        """Pixels of a region ``(y0, x0, y1, x1)`` of the plane, ``(h, w)`` bool, True inside."""
        y0, x0, y1, x1 = region
        inside = np.zeros((y1 - y0, x1 - x0), bool)
        shared = intersection(self.bbox, region)
        if shared is not None:
            inside[place(shared, region)] = self.pixels[place(shared, self.bbox)]
        return inside

    def emptied(self) -> "Mask":
        """The mask without pixels and logits; its bbox has no area and lies at the old corner."""
        y0, x0, _, _ = self.bbox
        pixels = np.zeros((0, 0), bool)
        return replace(self, bbox=(y0, x0, y0, x0), pixels=pixels, low_res_logits=None)

    def tight(self) -> "Mask":
        """The same object in the smallest bbox.

        Returns
        -------
        Mask
            Of an empty mask, the bbox has no area and lies at the old corner.
        """
        y0, x0, _, _ = self.bbox
        top, left, bottom, right = box_of(self.pixels) or (0, 0, 0, 0)
        if (bottom - top, right - left) == self.pixels.shape and self.pixels.base is None:
            return self
        # Copied, so that a small mask does not keep the large one alive.
        pixels = self.pixels[top:bottom, left:right].copy()
        return replace(self, bbox=(y0 + top, x0 + left, y0 + bottom, x0 + right), pixels=pixels)
