"""Follow by prompts: where an object should be becomes the prompts of the next plane."""

from collections.abc import Mapping

from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.masks.prompted.predict import predict
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet

from .line import Line

_MARGIN = (1.0, 0.05)  # pixels, and share of the box, that an object may grow from plane to plane


class PromptFollower:
    """Asks the model for each object again on each plane; any model can do that.

    Parameters
    ----------
    encoder : Encoder
        Model, image and embeddings.
    line : Line
        The planes.
    """

    trust = 0.4  # measured: see benchmarks/volumes.py

    def __init__(self, encoder: Encoder, line: Line) -> None:
        self._encoder, self._line = encoder, line

    def show(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Objects that are known on a plane: nothing has to be remembered."""

    def prepare(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Encode the tiles that objects will probably be in, in the background."""
        plane, grid = self._line.at(position), self._encoder.grid
        seen = (mask for mask in masks.values() if not mask.empty)
        self._encoder.fetch_ahead(dict.fromkeys(grid.best_for(plane, m.bbox) for m in seen))

    def follow(self, position: int, expected: Mapping[int, Mask]) -> dict[int, Mask]:
        """Masks of objects on a plane, given where they should be."""
        plane = self._line.at(position)
        prompts = {i: prompts_of(mask, plane) for i, mask in expected.items()}
        return predict(self._encoder, PromptSet(prompts))


def prompts_of(mask: Mask, plane: tuple[int, ...]) -> tuple[Prompt, ...]:
    """A mask as prompts on another plane: itself, a box around it, a point deep inside.

    Parameters
    ----------
    mask : Mask
        Not empty.
    plane : tuple of int
        Where the object is looked for.

    Returns
    -------
    tuple of Prompt
    """
    y0, x0, y1, x1 = mask.bbox
    y, x = innermost(mask.pixels)
    dy, dx = (_MARGIN[0] + _MARGIN[1] * length for length in mask.pixels.shape)
    return (
        PointPrompt((*plane, float(y0 + y), float(x0 + x))),
        BoxPrompt((*plane, y0 - dy, x0 - dx), (*plane, y1 - 1 + dy, x1 - 1 + dx)),
        MaskPrompt(plane, y0, x0, mask.pixels),
    )
