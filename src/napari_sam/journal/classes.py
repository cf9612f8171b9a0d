"""Classes of a journal: the table of classes, computed entry by entry."""

from collections.abc import Iterable

from napari_sam.labels.classes import ClassTable

from .damaged import Damaged
from .entry import CHANGES, CLASSES, DISCARDED, RETURNED, UNDONE, Entry


def classes_of(entries: Iterable[Entry | Damaged]) -> ClassTable:
    """Compute the table of classes after the last entry of a journal.

    Parameters
    ----------
    entries : iterable of Entry or Damaged
        All entries of a journal, in order.

    Returns
    -------
    ClassTable
        Classes, and the class of each label. An undone entry gives its labels the classes that
        they had before; a discarded journal has no classes.
    """
    table = ClassTable()
    before: list[ClassTable] = []  # labels of each entry that may be undone
    discarded = table, before
    for entry in entries:
        classes = entry.classes if isinstance(entry, Entry) else None
        if entry.kind == CLASSES and classes is not None:
            table = classes
        elif entry.kind in CHANGES:
            change = classes or ClassTable()
            before.append(table.part(change.of_label))
            table = table.put(change)
        elif entry.kind == UNDONE and before:
            table = table.put(before.pop())
        elif entry.kind == DISCARDED:
            discarded, (table, before) = (table, before), (ClassTable(), [])
        elif entry.kind == RETURNED:
            table, before = discarded
    return table
