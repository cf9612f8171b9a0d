"""Size: which of the model's candidates (part, whole, cluster) a click means."""

from collections.abc import Sequence
from enum import Enum
from typing import Self

from napari_sam.prompts.prompt import PointPrompt, Prompt


class Size(Enum):
    """Size of the object that a single click means: a part, the whole, or a cluster."""

    BEST = "best"
    """The model's best answer, of whatever size."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    def next(self) -> Self:
        """The next size; after the last, the first."""
        sizes = list(type(self))
        return sizes[(sizes.index(self) + 1) % len(sizes)]

    def of(self, areas: Sequence[int]) -> int:
        """Index of the candidate of the size.

        Parameters
        ----------
        areas : sequence of int
            Pixels of each candidate; at least one. Empty candidates are not chosen unless all are.

        Returns
        -------
        int
            Index into `areas`. With fewer than three candidates, several sizes have the same index.

        Raises
        ------
        ValueError
            For ``BEST``, which is an answer of its own and no candidate.
        """
        if self is Size.BEST:
            raise ValueError("the best mask is not one of the candidates")
        order = sorted(range(len(areas)), key=lambda index: areas[index])
        drawn = [index for index in order if areas[index]] or order
        rank = {Size.SMALL: 0, Size.MEDIUM: len(drawn) // 2, Size.LARGE: len(drawn) - 1}[self]
        return drawn[rank]


def sized_click(prompts: Sequence[Prompt]) -> PointPrompt | None:
    """The click with candidates of several sizes.

    Parameters
    ----------
    prompts : sequence of Prompt
        Of one object, all on one plane.

    Returns
    -------
    PointPrompt or None
        The first foreground click; None if there is none, or a box or a mask fixes the size.
    """
    if not all(isinstance(prompt, PointPrompt) for prompt in prompts):
        return None
    clicks = (p for p in prompts if isinstance(p, PointPrompt) and p.is_foreground)
    return next(clicks, None)
