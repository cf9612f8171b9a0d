"""Stack: the planes that a propagation walks through, and the follower that suits the model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import PromptError
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox

from .by_memory import MemoryFollower
from .by_prompts import PromptFollower
from .flow import carry
from .history import History
from .line import Line

_LARGEST_STEP = 8


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The planes to walk through.

    Parameters
    ----------
    volume : Volume
        The image.
    line : Line
        All planes there are.
    first, last : int
        Positions to stay between, both included.
    step : int
        Every how many planes the model is asked; those between are interpolated.
    """

    volume: Volume
    line: Line
    first: int
    last: int
    step: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a plane."""
        return self.volume.height, self.volume.width

    def is_blank(self, position: int, bbox: BBox) -> bool:
        """Whether a region of a plane has nothing to see: all values equal, or no numbers."""
        y0, x0, y1, x1 = bbox
        dy, dx = y1 - y0, x1 - x0  # its surroundings too: an object may be of one value
        around = (max(y0 - dy, 0), max(x0 - dx, 0), min(y1 + dy, self.shape[0]))
        pixels = self.volume.read(self.line.at(position), *around, min(x1 + dx, self.shape[1]))
        finite = pixels[np.isfinite(pixels)]
        return finite.size == 0 or bool(finite.min() == finite.max())

    def carry(self, history: History, position: int) -> Mask:
        """Where an object should be on another plane; empty if it left the image."""
        there = self.line.at(position)
        return carry(history.mask, history.shift(position), self.volume, there)


def stack_of(
    encoder: Encoder, line: Line, within: tuple[int, int] | None, known: Sequence[int]
) -> Stack:
    """The part of a line to walk through, and in which steps.

    Parameters
    ----------
    encoder : Encoder
        Model and image. With memory, a model looks at each plane.
    line : Line
        The planes.
    within : tuple of int, optional
        First and last position; all by default.
    known : sequence of int
        Positions of known masks.

    Returns
    -------
    Stack
        Where planes lie closer than pixels, the step is about as long as a pixel.

    Raises
    ------
    PromptError
        If a known mask lies outside of `within`.
    """
    first, last = (0, line.size - 1) if within is None else sorted(within)
    first, last = max(first, 0), min(last, line.size - 1)
    outside = [p for p in known if not first <= p <= last]
    if outside:
        raise PromptError(
            f"the object is known on plane {outside[0]} along {line.axis}, outside of {first} to "
            f"{last}: propagate within planes that hold it"
        )
    step = 1 if encoder.model.memory is not None else round(1 / max(line.spacing, 1e-6))
    return Stack(encoder.volume, line, first, last, min(max(step, 1), _LARGEST_STEP))


def follower_of(encoder: Encoder, line: Line) -> Callable[[bool], MemoryFollower | PromptFollower]:
    """Makes a follower for one direction, given whether that is down."""
    if encoder.model.memory is not None:
        return lambda down: MemoryFollower(encoder, line, down)
    return lambda down: PromptFollower(encoder, line)
