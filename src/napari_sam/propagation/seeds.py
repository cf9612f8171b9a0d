"""Seeds: the masks that a propagation starts from."""

from collections.abc import Mapping, Sequence

from napari_sam.errors import PromptError
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import MaskPrompt, PromptSet

from .line import Line, line_through
from .stack import Stack

KnownMasks = Mask | Sequence[Mask] | Mapping[int, Mask | Sequence[Mask]]


def by_object(masks: KnownMasks, label: int) -> dict[int, tuple[Mask, ...]]:
    """Known masks of each object.

    Parameters
    ----------
    masks : Mask, sequence of Mask, or mapping of int to one of these
        One object, on one or several planes; or several objects by their labels.
    label : int
        Of the one object.

    Returns
    -------
    dict of int to tuple of Mask
    """
    objects = masks if isinstance(masks, Mapping) else {label: masks}
    return {i: (own,) if isinstance(own, Mask) else tuple(own) for i, own in objects.items()}


def check_seeds(objects: Mapping[int, Sequence[Mask]], volume: Volume) -> None:
    """Refuse masks that nothing can be followed from.

    Parameters
    ----------
    objects : mapping of int to sequence of Mask
        Known masks of each object.
    volume : Volume
        The image.

    Raises
    ------
    PromptError
        If a mask is empty or lies outside, or nothing is given.
    """
    if not any(objects.values()):
        raise PromptError("there is no object to propagate: click on one first")
    prompts = {
        i: tuple(MaskPrompt(m.plane, m.bbox[0], m.bbox[1], m.pixels) for m in own)
        for i, own in objects.items()
    }
    PromptSet(prompts).check(volume)


def by_line(
    objects: Mapping[int, Sequence[Mask]], volume: Volume, axis: str | None
) -> dict[Line, dict[int, dict[int, Mask]]]:
    """Known masks by the line that they lie on, their position there, then by object.

    Parameters
    ----------
    objects : mapping of int to sequence of Mask
        Known masks of each object.
    volume : Volume
        The image.
    axis : str, optional
        See :func:`~napari_sam.propagation.line.line_through`.

    Returns
    -------
    dict
        In the order of the planes.

    Raises
    ------
    PromptError
        If two masks of one object lie on the same plane, or the image has no such axis.
    """
    lines: dict[Line, dict[int, dict[int, Mask]]] = {}
    known = sorted(
        ((mask.plane, i, mask) for i, own in objects.items() for mask in own), key=_first
    )
    for plane, i, mask in known:
        line = line_through(volume, axis, plane)
        here = lines.setdefault(line, {}).setdefault(line.position(plane), {})
        if i in here:
            raise PromptError(f"object {i} has two masks on plane {plane}: give one")
        here[i] = mask
    return lines


def _first(known: tuple[tuple[int, ...], int, Mask]) -> tuple[tuple[int, ...], int]:
    return known[:2]


def lives_of(
    parents: Mapping[int, int], seeds: Mapping[int, Mapping[int, Mask]], stack: Stack
) -> dict[int, tuple[int, int]]:
    """First and last position at which mothers and daughters may be.

    Parameters
    ----------
    parents : mapping of int to int
        Daughter to mother.
    seeds : mapping
        Known masks by position, then object.
    stack : Stack
        Where they are followed.

    Returns
    -------
    dict of int to tuple of int
        Objects that are in no family are left out.

    Raises
    ------
    PromptError
        If a daughter is known where its mother is, or before.
    """
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for position in sorted(seeds):
        for i in seeds[position]:
            first.setdefault(i, position)
            last[i] = position
    births = {child: first[child] for child in parents if child in first}
    lives = {child: (birth, stack.last) for child, birth in births.items()}
    for child, birth in births.items():
        mother = parents[child]
        if mother not in first:
            continue
        if last[mother] >= birth:
            raise PromptError(
                f"object {child} is a daughter of {mother} and cannot be there at {birth} along "
                f"{stack.line.axis}, where or before {mother} is: put it where {mother} has divided"
            )
        start, end = lives.get(mother, (stack.first, stack.last))
        lives[mother] = (start, min(end, birth - 1))
    return lives
