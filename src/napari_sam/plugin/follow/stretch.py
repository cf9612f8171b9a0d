"""Stretch: the planes between two planes that the user has seen."""

from napari_sam.image.volume import Plane


def line_of(plane: Plane, place: int) -> Plane:
    """Index of a plane without the axis at `place`: equal for all planes of a stack."""
    return (*plane[:place], *plane[place + 1 :])


def stretch(with_prompts: set[int], corrected: set[int]) -> tuple[int, int | None]:
    """Range of planes around a correction, up to the next planes with prompts.

    Parameters
    ----------
    with_prompts : set of int
        Positions of planes with prompts.
    corrected : set of int
        Positions of the planes among them whose prompts changed.

    Returns
    -------
    int, int or None
        The nearest positions with prompts around the corrected ones; 0 and None (the end) where
        there are none.
    """
    below = [p for p in with_prompts if p < min(corrected)]
    above = [p for p in with_prompts if p > max(corrected)]
    return max(below, default=0), min(above, default=None)
