"""Answer: changes of labels and mothers after a judgement of the user; no Qt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.plugin.worker.objects_tracked import Decision
from napari_sam.tiles.bbox import box_of
from napari_sam.tracking.lineage import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Labels and mothers after a judgement.

    Parameters
    ----------
    edits : tuple of LabelEdit
        Changes of pixels.
    parents : mapping of int to int
        All mothers by daughter.
    """

    edits: tuple[LabelEdit, ...]
    parents: Mapping[int, int]


def objects_at(labels: LabelArray, decision: Decision) -> tuple[int, ...] | None:
    """Labels of the objects of a decision; None after changes that make the decision pointless.

    Of a division that was made, mother and daughters have three labels; otherwise the object
    before and the one that goes on have the same label.
    """
    present = tuple(int(labels[pixel]) for pixel in decision.pixels)
    goes_on = present[0] == present[1]
    distinct = len(set(present)) == len(present) - goes_on
    fits = distinct and goes_on == (decision.kind is not Kind.DIVISION)
    return present if fits and all(present) else None


def answered(
    labels: LabelArray, parents: Mapping[int, int], decision: Decision, right: bool, free: int
) -> Answer | None:
    """Change labels and mothers as the user judges.

    A wrong division is taken back: the first daughter goes on as the mother, the second begins by
    herself. A division that was missed is made: the object that goes on gets a new label. A wrong
    link is cut: the object behind it gets a new label.

    Parameters
    ----------
    labels : array-like
        ``(T, ..., Y, X)`` integers; not changed here.
    parents : mapping of int to int
        Daughter to mother.
    decision : Decision
        What the tracking did or did not do.
    right : bool
        Whether it is a division, or the same object.
    free : int
        A free label.

    Returns
    -------
    Answer or None
        None if nothing changes.
    """
    objects = objects_at(labels, decision)
    if objects is None or right == (decision.kind is not Kind.POSSIBLE_DIVISION):
        return None
    mother, goes_on = objects[:2]
    begin = decision.pixels[1][0]
    if decision.kind is Kind.DIVISION:
        remaining = {d: m for d, m in parents.items() if d not in objects[1:]}
        return Answer(
            tuple(_renamed(labels, goes_on, mother, begin)), _moved(remaining, goes_on, mother)
        )
    later = {d for d, m in parents.items() if m == mother}
    moved = _moved(parents, mother, free) if later else dict(parents)
    if decision.kind is Kind.POSSIBLE_DIVISION:
        moved |= {free: mother, objects[2]: mother}
    return Answer(tuple(_renamed(labels, mother, free, begin)), moved)


def _moved(parents: Mapping[int, int], old: int, new: int) -> dict[int, int]:
    """Mothers by daughter, after a mother got another label."""
    return {daughter: new if mother == old else mother for daughter, mother in parents.items()}


def _renamed(labels: LabelArray, old: int, new: int, begin: int) -> Iterator[LabelEdit]:
    """Edits of a label into another, from a frame on."""
    for plane in np.ndindex(*labels.shape[:-2]):
        if plane[0] < begin:
            continue
        inside = np.asarray(labels[plane]) == old
        if (box := box_of(inside)) is None:
            continue
        y0, x0, y1, x1 = box
        mask = inside[y0:y1, x0:x1].copy()
        before = np.array(labels[(*plane, slice(y0, y1), slice(x0, x1))])
        after = np.where(mask, new, before).astype(before.dtype)
        yield LabelEdit(plane, box, mask, before, after)
