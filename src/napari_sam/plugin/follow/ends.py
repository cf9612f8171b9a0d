"""Ends: the first and the last position of a followed object, as the user sees them."""

from collections.abc import Mapping, Set

Limits = Mapping[str, tuple[int | None, int | None]]
"""Letter of an axis to the first and the last position of the object; None for no limit."""


def side_of_end(position: int, clicked: Set[int], planes: Set[int]) -> int | None:
    """Side of a position on which the object has ended: the one away from seen planes.

    Parameters
    ----------
    position : int
        The position on the line.
    clicked : set of int
        Positions where the user has seen the object.
    planes : set of int
        All positions of the object: for the only seen position, the side that has any of them.

    Returns
    -------
    int or None
        1 for the planes above, -1 for the planes below; None if the object was seen on both sides,
        or nowhere, or has planes on both sides of its only seen position.
    """
    if not clicked:
        return None
    below, above = min(clicked) < position, max(clicked) > position
    if below != above:
        return 1 if below else -1
    if below:
        return None
    sides = {1 if other > position else -1 for other in planes if other != position}
    return sides.pop() if len(sides) == 1 else None


def limited(
    limits: tuple[int | None, int | None], position: int, side: int
) -> tuple[int | None, int | None]:
    """Limits with the last position (side 1) or the first position (side -1) replaced."""
    return (limits[0], position) if side > 0 else (position, limits[1])


def within_ends(
    stretch: tuple[int, int],
    clicked: Set[int],
    empty: Set[int],
    limits: tuple[int | None, int | None] | None,
) -> tuple[int, int]:
    """The part of a stretch in which an object is followed.

    Parameters
    ----------
    stretch : tuple of int
        First and last position.
    clicked : set of int
        Positions where the user has seen the object, at least one; all stay inside.
    empty : set of int
        Positions where the user has seen that it is absent.
    limits : tuple of (int or None), optional
        First and last position, as the user has ended the object.

    Returns
    -------
    tuple of int
        First and last position. The object ends before the nearest empty positions around all
        seen ones, and at a limit, unless it was seen beyond the limit later.
    """
    first, last = stretch
    low, high = limits or (None, None)
    first = max(
        [first, *(p + 1 for p in empty if p < min(clicked)), *([low] if low is not None else [])]
    )
    last = min(
        [last, *(p - 1 for p in empty if p > max(clicked)), *([high] if high is not None else [])]
    )
    return min(first, *clicked), max(last, *clicked)
