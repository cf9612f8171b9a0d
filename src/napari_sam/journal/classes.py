"""Classes of a journal: what became of the table of classes, entry by entry."""

from collections.abc import Iterable, Mapping

from napari_sam.labels.classes import ClassTable

from .entry import ACCEPTED, CLASSES, DISCARDED, UNDONE, Entry


def classes_of(entries: Iterable[Entry]) -> ClassTable:
    """The classes as they were in the end.

    Parameters
    ----------
    entries : iterable of Entry
        All of a journal, in order.

    Returns
    -------
    ClassTable
    """
    table = ClassTable()
    before: list[Mapping[int, str]] = []
    for entry in entries:
        if entry.kind == CLASSES and entry.classes is not None:
            table = entry.classes
        elif entry.kind == ACCEPTED:
            given = entry.classes or ClassTable()
            before.append({label: table.class_of(label) for label in given.of_label})
            table = table.with_classes(given.classes).assign(given.of_label)
        elif entry.kind == UNDONE and before:
            table = table.assign(before.pop())
        elif entry.kind == DISCARDED:
            table, before = ClassTable(), []
    return table
