"""Restore: labels that an earlier napari lost, painted as a step to undo; no Qt."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from napari_sam.journal.objects import objects_of
from napari_sam.plugin.layers.labels_layer import LabelsLayer
from napari_sam.plugin.undo.history import History

from .label_classes import LabelClasses
from .lesson_in_use import LessonInUse
from .offer_taken import OfferTaken
from .ratings import Ratings
from .safekeeping import Safekeeping


def restore_offer(
    labels: LabelsLayer,
    keeping: Safekeeping,
    classes: LabelClasses,
    ratings: Ratings,
    lessons: LessonInUse,
    one_step: Callable[[], AbstractContextManager[None]],
    history: History,
) -> int:
    """Paint the offered labels with their classes, mothers, ratings and lesson; take the offer.

    Undo takes all of it back, and offers the labels again.

    Parameters
    ----------
    labels : LabelsLayer
        The layer.
    keeping : Safekeeping
        Has the offer.
    classes, ratings, lessons
        Of the layer.
    one_step : callable
        Collects entries of the journal into a single step of the history.
    history : History
        In the middle of an action, which gets all changes.

    Returns
    -------
    int
        Number of objects that are back; 0 without an offer.
    """
    layer = labels.ensure()
    restored = keeping.restored(labels.next_label())
    if restored is None:
        return 0
    pixels = labels.plain()
    with one_step():
        for entry in restored.entries:  # the journal first, so that nothing is lost in between
            keeping.journal.note(entry, [packed.edit() for packed in entry.edits])
            entry.apply(pixels)
    own = classes.table
    classes.change(restored.classes.put(own))
    ratings.restore(restored.ratings)
    if restored.lesson is not None and lessons.now is None:
        lessons.change(restored.lesson)
    taken = OfferTaken(labels, layer, keeping, restored.parents)
    taken.redo()
    history.add_labels(taken)
    labels.search_again()
    layer.refresh()
    classes.changed.emit()
    return len(objects_of(restored.entries))
