"""Redraw: pixels of labels that nobody has looked at change, as a part of a step; no Qt."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from napari_sam.journal.entry import Origin
from napari_sam.labels.edit import LabelEdit
from napari_sam.plugin.layers.labels_layer import LabelsLayer

from .rating import Rating
from .ratings import Ratings
from .safekeeping import Safekeeping


def redraw(
    labels: LabelsLayer,
    keeping: Safekeeping,
    ratings: Ratings,
    one_step: Callable[[], AbstractContextManager[None]],
    edit: LabelEdit,
    origin: Origin,
    rated: Mapping[int, Rating | None],
) -> None:
    """Paint an edit; nobody has looked at its labels afterwards either.

    Parameters
    ----------
    labels : LabelsLayer
        The layer.
    keeping, ratings
        Journal and ratings of the layer.
    one_step : callable
        Collects entries of the journal into a single step of the history.
    edit : LabelEdit
        The pixels.
    origin : Origin
        The model that found them, for the journal.
    rated : mapping of int to Rating or None
        New rating of each label of the edit; None for a label without pixels.
    """
    with one_step():
        keeping.note([edit], 0, 0, origin, {})
        labels.paint(edit, in_history=False)
    labels.ensure().refresh()
    ratings.redraw(rated)
