"""Stacks, prompts and module inputs with which the memory of two implementations is compared."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .generated import Case, image, mask_logits

SIDE = 512
"""Height and width of the planes, pixels."""
POINT = Case("point", ((205, 307),), (1,))
OTHER_POINT = Case("other", ((300, 100),), (1,))
TWO_POINTS = Case("two_points", ((205, 307), (100, 100)), (1, 0))
BOX = Case("box", box=(128, 154, 307, 358))
MASK = Case("mask", mask=True)


@dataclass(frozen=True)
class Walk:
    """Objects followed through a stack.

    Parameters
    ----------
    name : str
        What is special about it.
    count : int
        Planes of the stack.
    prompts : mapping of int to tuple of Case
        For each prompted plane, one case for each object.
    score_bias : float
        Added to the object score. Without it, generated weights see no object where it is prompted.
    """

    name: str
    count: int
    prompts: Mapping[int, tuple[Case, ...]]
    score_bias: float = 20.0

    @property
    def reverse(self) -> tuple[bool, ...]:
        """The walks, one after another: up, and down if there is something below."""
        return (False, True) if min(self.prompts) > 0 else (False,)


LONG = Walk("long", 8, {0: (POINT,)})
LOST = Walk("lost", 3, {0: (POINT,)}, score_bias=0.0)
SHORT = (
    Walk("both_ways", 5, {3: (BOX,)}),
    Walk("two_objects", 3, {0: (POINT, OTHER_POINT)}),
    Walk("two_prompts", 4, {1: (TWO_POINTS,), 3: (POINT,)}),
    Walk("mask", 2, {0: (MASK,)}),
)


def planes(count: int) -> list[NDArray[np.uint8]]:
    """``count`` planes ``(512, 512, 3)`` uint8 RGB, each a little farther than the last one."""
    first = image("square")
    return [np.roll(first, (3 * i, 5 * i), axis=(0, 1)) for i in range(count)]


def mask() -> NDArray[np.bool_]:
    """``(512, 512)`` bool: the mask that is prompted."""
    return mask_logits(SIDE) > 0


def noise(name: str) -> NDArray[np.float32]:
    """Inputs of a module, for two objects and two planes."""
    seed = list(INPUTS).index(name)
    normal = np.random.RandomState(seed).standard_normal(INPUTS[name])
    return np.asarray(normal, np.float32)


INPUTS = {
    "image_embedding": (1, 256, 64, 64),
    "features": (2, 2, 4096, 64),  # objects, planes, tokens, channels
    "positions": (2, 4096, 64),
    "pointers": (2, 12, 64),
    "pointer_positions": (12, 64),
    "masks": (2, 1, 1024, 1024),
}
"""Shapes of :func:`noise`, by name."""
