"""ObjectsTracked: labels of a movie after the tracking, with decisions for review; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass

from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.tracks import Tracks
from napari_sam.tracking.lineage import Kind

Pixel = tuple[int, ...]
"""Index of a pixel of the labels, ``(t, y, x)`` or ``(t, z, y, x)``."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of the tracking for the user to judge.

    Parameters
    ----------
    kind : Kind
        A division that was made, one that was not, or a link that was made.
    doubt : float
        From 0 to 1.
    pixels : tuple of tuple of int
        A pixel of the object before, of the one that goes on, and of the one that begins; by the
        labels there the objects are known, whatever their numbers are.
    """

    kind: Kind
    doubt: float
    pixels: tuple[Pixel, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ObjectsTracked:
    """Labels of a movie after the tracking.

    Parameters
    ----------
    edits : tuple of LabelEdit
        Changes of the planes, to labels that are the same for an object at all times.
    new_labels : mapping of tuple of int to int
        Frame and label before, to the label after.
    parents : mapping of int to int
        Label of a daughter to that of its mother.
    tracks : Tracks
        For napari's Tracks layer.
    decisions : tuple of Decision
        The most doubtful first.
    """

    edits: tuple[LabelEdit, ...]
    new_labels: Mapping[tuple[int, int], int]
    parents: Mapping[int, int]
    tracks: Tracks
    decisions: tuple[Decision, ...]
