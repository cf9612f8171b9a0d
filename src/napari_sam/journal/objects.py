"""Objects of a journal: labels with pixels, and labels changed since the last save."""

from collections import Counter
from collections.abc import Iterable
from itertools import takewhile

import numpy as np

from .content import Content
from .entry import Entry


def objects_of(changes: Iterable[Entry]) -> set[int]:
    """Labels with pixels after changes of empty labels.

    Parameters
    ----------
    changes : iterable of Entry
        Accepted and painted entries, in order.
    """
    pixels: Counter[int] = Counter()
    for before, after in _pixels(changes):
        pixels.update(after)
        pixels.subtract(before)
    return {label for label, count in pixels.items() if label and count > 0}


def unsaved_objects(content: Content) -> set[int]:
    """Labels with pixels that changed after the last save, by a change or by an undo.

    Parameters
    ----------
    content : Content
        Of a journal.
    """
    pairs = zip(content.changes, content.saved_changes, strict=False)
    saved = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], pairs))
    later = (*content.changes[saved:], *content.saved_changes[saved:])
    touched = {label for change in _pixels(later) for pixels in change for label in pixels}
    return touched & objects_of(content.changes)


def _pixels(changes: Iterable[Entry]) -> Iterable[tuple[Counter[int], Counter[int]]]:
    """Yield how many changed pixels had each label before an edit, and have it after."""
    for packed in (packed for entry in changes for packed in entry.edits):
        edit = packed.edit()
        yield _counts(edit.old[edit.mask]), _counts(edit.new[edit.mask])


def _counts(labels: np.ndarray) -> Counter[int]:
    values, counts = np.unique(labels, return_counts=True)
    return Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))
