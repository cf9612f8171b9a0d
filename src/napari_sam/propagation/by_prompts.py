"""Follow by prompts: the expected mask of an object becomes its prompts on the next plane."""

from collections.abc import Mapping

from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.masks.prompted.predict import predict
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet

from .line import Line

_MARGIN = (1.0, 0.05)
"""Data pixels, and share of the side, by which the box prompt exceeds the expected mask's box."""


class PromptFollower:
    """Follower for any model: each object is predicted anew on each plane.

    Parameters
    ----------
    encoder : Encoder
        Model, image and embeddings.
    line : Line
        The planes.
    """

    trust = 0.4
    """Weight of an answer against the carried mask, measured by benchmarks/volumes.py."""

    def __init__(self, encoder: Encoder, line: Line) -> None:
        self._encoder, self._line = encoder, line

    def show(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Do nothing: predictions need no known masks of earlier planes."""

    def prepare(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Encode the tiles of the objects on a plane ahead, in the background."""
        plane, grid = self._line.at(position), self._encoder.grid
        boxes = (mask.bbox for mask in masks.values() if not mask.empty)
        self._encoder.fetch_ahead(dict.fromkeys(grid.best_for(plane, bbox) for bbox in boxes))

    def follow(self, position: int, expected: Mapping[int, Mask]) -> dict[int, Mask]:
        """Masks of objects on a plane, from their expected masks there; not empty."""
        plane = self._line.at(position)
        prompts = {i: prompts_of(mask, plane) for i, mask in expected.items()}
        return predict(self._encoder, PromptSet(prompts))


def prompts_of(mask: Mask, plane: tuple[int, ...]) -> tuple[Prompt, ...]:
    """Turn a mask into prompts on another plane: a mask, a box around it, a click deep inside.

    Parameters
    ----------
    mask : Mask
        Not empty.
    plane : tuple of int
        Plane of the prompts.

    Returns
    -------
    tuple of Prompt
        The click, the box and the mask.
    """
    y0, x0, y1, x1 = mask.bbox
    y, x = innermost(mask.pixels)
    dy, dx = (_MARGIN[0] + _MARGIN[1] * length for length in mask.pixels.shape)
    return (
        PointPrompt((*plane, float(y0 + y), float(x0 + x))),
        BoxPrompt((*plane, y0 - dy, x0 - dx), (*plane, y1 - 1 + dy, x1 - 1 + dx)),
        MaskPrompt(plane, y0, x0, mask.pixels),
    )
