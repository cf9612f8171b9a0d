"""Compare labels: objects of loaded labels, and how far the model agrees; no Qt, no napari."""

import math
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING

from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.label_boxes import boxes_by_label, label_boxes

from .events import Compared, Event, LoadedObjects, Progress

if TYPE_CHECKING:
    from napari_sam.session import Session


def compare_labels(
    labels: LabelArray, load: Callable[[], Iterable[Event]], open_session: Callable[[], "Session"]
) -> Generator[Event, None, None]:
    """Find the objects of labels, then compare each with the model.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers; they may change meanwhile.
    load : callable
        Loads the model.
    open_session : callable
        Opens the image, after the model is loaded.

    Yields
    ------
    Event
        Progress; :class:`~napari_sam.plugin.worker.events.LoadedObjects` before the model is
        needed; then :class:`~napari_sam.plugin.worker.events.Compared` for a few objects at a time.
    """
    from napari_sam.learning.doubt import doubt

    planes, count = [], math.prod(labels.shape[:-2])
    for of_plane in label_boxes(labels):
        planes.append(of_plane)
        yield Progress("Looking for the objects", len(planes), count)
    boxes = boxes_by_label(planes)
    if not boxes:
        return
    yield LoadedObjects(boxes)
    yield from load()
    yield Progress("Comparing with the model", 0, len(boxes))
    for step in doubt(open_session().encoder, labels, boxes):
        yield Compared(step.agreements)
        yield Progress("Comparing with the model", step.done, step.total)
