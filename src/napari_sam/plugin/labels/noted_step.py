"""NotedStep: entries of the journal that are undone and done again together; no Qt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from napari_sam.image.volume import Plane
from napari_sam.journal.entry import Entry
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.tiles.bbox import BBox


@dataclass(frozen=True, slots=True)
class Probe:
    """A pixel of a step, with its labels before and after.

    Parameters
    ----------
    index : tuple of int
        ``(*plane, y, x)``.
    old, new : int
        Labels of the pixel.
    """

    index: tuple[int, ...]
    old: int
    new: int


@dataclass(slots=True, eq=False)
class NotedStep:
    """Entries of the journal by one action of the user, and means to take them back.

    Made by :class:`~napari_sam.plugin.labels.layer_journal.LayerJournal`; kept there and in the
    history of the dock.

    Attributes
    ----------
    entries : list of Entry
        Accepted and painted entries, in order.
    in_file : list of Entry
        Those that could be written and are not undone, as they are in the file.
    classes_before : ClassTable
        The table before the first of the labels got another class.
    classified : set of int
        Labels that got another class.
    probe : Probe or None
        Pixel by whose label an undo in napari is noticed; None if no pixel differs in the end.
    """

    entries: list[Entry] = field(default_factory=list)
    in_file: list[Entry] = field(default_factory=list)
    classes_before: ClassTable = field(default_factory=ClassTable)
    classified: set[int] = field(default_factory=set)
    probe: Probe | None = None

    @property
    def size(self) -> int:
        """Bytes of the compressed pixels."""
        edits = (edit for entry in self.entries for edit in entry.edits)
        return sum(len(edit.mask) + len(edit.old) + len(edit.new) for edit in edits)

    @property
    def regions(self) -> Iterator[tuple[Plane, BBox]]:
        """Plane and box of each edit."""
        return ((edit.plane, edit.bbox) for entry in self.entries for edit in entry.edits)

    def add(self, entry: Entry, edits: Sequence[LabelEdit]) -> None:
        """Add an entry, with its edits unpacked."""
        self.entries.append(entry)
        for edit in edits:
            self.probe = _probed(self.probe, edit)

    def is_undone_in(self, labels: LabelArray) -> bool:
        """Whether labels look as before the step, by the probe."""
        return self.probe is not None and int(labels[self.probe.index]) == self.probe.old

    def is_done_in(self, labels: LabelArray) -> bool:
        """Whether labels look as after the step, by the probe."""
        return self.probe is not None and int(labels[self.probe.index]) == self.probe.new


def _probed(probe: Probe | None, edit: LabelEdit) -> Probe | None:
    """Return the probe after another edit of the step."""
    if probe is None:
        rows, columns = np.nonzero(edit.mask)
        return None if not rows.size else _at(edit, int(rows[0]), int(columns[0]))
    *plane, y, x = probe.index
    row, column = y - edit.bbox[0], x - edit.bbox[1]
    height, width = edit.mask.shape
    inside = tuple(plane) == edit.plane and 0 <= row < height and 0 <= column < width
    if not inside or not edit.mask[row, column]:
        return probe
    new = int(edit.new[row, column])
    return None if new == probe.old else Probe(probe.index, probe.old, new)


def _at(edit: LabelEdit, row: int, column: int) -> Probe:
    index = (*edit.plane, edit.bbox[0] + row, edit.bbox[1] + column)
    return Probe(index, int(edit.old[row, column]), int(edit.new[row, column]))
