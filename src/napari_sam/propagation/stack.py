"""Stack: the planes of a propagation, and the follower for a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import PromptError
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.blank import is_blank
from napari_sam.tiles.bbox import BBox

from .by_memory import MemoryFollower
from .by_prompts import PromptFollower
from .flow import carry
from .history import History
from .line import Line
from .sharpness import sharpness

_LARGEST_STEP = 8
"""Planes from one answer of the model to the next, at most; those between are interpolated."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The planes of a propagation.

    Parameters
    ----------
    volume : Volume
        The image.
    line : Line
        The planes of the image along the axis.
    first, last : int
        First and last position to walk to.
    step : int
        Planes from one answer of the model to the next; those between are interpolated.
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
        """Whether a region of a plane and its surroundings are of a single value, or all NaN."""
        return is_blank(self.volume, self.line.at(position), bbox)

    def sharpness(self, mask: Mask) -> float | None:
        """The sharpness at the outline of a mask; None through time, in which light fades too."""
        return sharpness(self.volume, mask) if self.line.axis == "Z" else None

    def carry(self, history: History, position: int) -> Mask:
        """The expected mask of an object on another plane; empty if outside of the image."""
        plane = self.line.at(position)
        return carry(history.mask, history.shift(position), self.volume, plane)


def stack_of(
    encoder: Encoder, line: Line, within: tuple[int, int] | None, positions: Sequence[int]
) -> Stack:
    """The stack of a line, with the step that suits the model and the spacing.

    Parameters
    ----------
    encoder : Encoder
        Model and image.
    line : Line
        The planes.
    within : tuple of int, optional
        First and last position; all by default.
    positions : sequence of int
        Positions of known masks.

    Returns
    -------
    Stack
        With a step about as long as a pixel where planes lie closer; with a step of one plane for
        models with memory.

    Raises
    ------
    PromptError
        If a known mask lies outside of `within`.
    """
    first, last = (0, line.size - 1) if within is None else sorted(within)
    first, last = max(first, 0), min(last, line.size - 1)
    outside = [p for p in positions if not first <= p <= last]
    if outside:
        raise PromptError(
            f"the object is known on plane {outside[0]} along {line.axis}, outside of {first} to "
            f"{last}: propagate within planes that hold it"
        )
    step = 1 if encoder.model.memory is not None else round(1 / max(line.spacing, 1e-6))
    return Stack(encoder.volume, line, first, last, min(max(step, 1), _LARGEST_STEP))


def follower_of(encoder: Encoder, line: Line) -> Callable[[bool], MemoryFollower | PromptFollower]:
    """The factory of followers for a model: called with True for a walk down, False for up."""
    if encoder.model.memory is not None:
        return lambda down: MemoryFollower(encoder, line, down)
    return lambda down: PromptFollower(encoder, line)
