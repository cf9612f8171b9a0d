"""Seeds: the known masks of objects, checked and sorted before a propagation."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

from napari_sam.errors import PromptError
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import MaskPrompt, PromptSet

from .line import Line, line_through
from .stack import Stack

KnownMasks = Mask | Sequence[Mask] | Mapping[int, Mask | Sequence[Mask]]
"""Masks of an object, on one or several planes; or of several objects by their labels."""


def by_object(masks: KnownMasks, label: int) -> dict[int, tuple[Mask, ...]]:
    """Known masks by label.

    Parameters
    ----------
    masks : Mask, sequence of Mask, or mapping of int to either
        An object, on one or several planes; or several objects by their labels.
    label : int
        Label of the object where `masks` is no mapping.

    Returns
    -------
    dict of int to tuple of Mask
        Label to the masks of the object.
    """
    objects = masks if isinstance(masks, Mapping) else {label: masks}
    return {i: (m,) if isinstance(m, Mask) else tuple(m) for i, m in objects.items()}


def check_seeds(objects: Mapping[int, Sequence[Mask]], volume: Volume) -> None:
    """Refuse seeds without a mask, and masks that are empty or outside of the image.

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
        i: tuple(MaskPrompt(m.plane, m.bbox[0], m.bbox[1], m.pixels) for m in masks)
        for i, masks in objects.items()
    }
    PromptSet(prompts).check(volume)


def by_line(
    objects: Mapping[int, Sequence[Mask]], volume: Volume, axis: str | None
) -> dict[Line, dict[int, dict[int, Mask]]]:
    """Sort known masks by line, then by position on the line, then by object.

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
    seeds = [(mask.plane, i, mask) for i, masks in objects.items() for mask in masks]
    for plane, i, mask in sorted(seeds, key=itemgetter(0, 1)):
        line = line_through(volume, axis, plane)
        in_plane = lines.setdefault(line, {}).setdefault(line.position(plane), {})
        if i in in_plane:
            raise PromptError(f"object {i} has two masks on plane {plane}: give one")
        in_plane[i] = mask
    return lines


def lives_of(
    parents: Mapping[int, int], seeds: Mapping[int, Mapping[int, Mask]], stack: Stack
) -> dict[int, tuple[int, int]]:
    """First and last possible position of mothers and daughters.

    A daughter begins on the first plane of its known masks; its mother ends on the plane before.

    Parameters
    ----------
    parents : mapping of int to int
        Daughter to mother.
    seeds : mapping
        Known masks by position, then object.
    stack : Stack
        The planes to walk through.

    Returns
    -------
    dict of int to tuple of int
        Object to its positions; only mothers and daughters.

    Raises
    ------
    PromptError
        If a daughter is known on a plane of its mother, or before.
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
