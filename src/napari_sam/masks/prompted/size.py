"""Size: which of the model's candidates (part, whole, cluster) a click means."""

from collections.abc import Sequence
from enum import Enum
from typing import Self

from napari_sam.prompts.prompt import PointPrompt, Prompt


class Size(Enum):
    """What a single click means, where it may mean a part, the whole, or a cluster."""

    BEST = "best"
    """What the model thinks best."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    def next(self) -> Self:
        """The one after it; after the last, the first."""
        sizes = list(type(self))
        return sizes[(sizes.index(self) + 1) % len(sizes)]

    def of(self, areas: Sequence[int]) -> int:
        """Which of some candidates has this size.

        Parameters
        ----------
        areas : sequence of int
            Of each candidate, pixels; at least one. Those of none are not counted.

        Returns
        -------
        int
            Its index. If there are less than three candidates, sizes share them.

        Raises
        ------
        ValueError
            For ``BEST``, which is no candidate.
        """
        if self is Size.BEST:
            raise ValueError("the best mask is not one of the candidates")
        order = sorted(range(len(areas)), key=lambda index: areas[index])
        seen = [index for index in order if areas[index]] or order
        rank = {Size.SMALL: 0, Size.MEDIUM: len(seen) // 2, Size.LARGE: len(seen) - 1}[self]
        return seen[rank]


def meant(prompts: Sequence[Prompt]) -> PointPrompt | None:
    """The click that may mean objects of several sizes.

    Parameters
    ----------
    prompts : sequence of Prompt
        Of one object, all on one plane.

    Returns
    -------
    PointPrompt or None
        The first one on the object; None if a box or a mask says how large it is.
    """
    if not all(isinstance(prompt, PointPrompt) for prompt in prompts):
        return None
    clicks = (p for p in prompts if isinstance(p, PointPrompt) and p.is_foreground)
    return next(clicks, None)
