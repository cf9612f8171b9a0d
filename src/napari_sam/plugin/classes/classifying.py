"""Classifying: keeps the class list of the dock and the classes of the labels equal."""

from collections.abc import Callable, Collection
from dataclasses import replace

from napari.layers import Labels
from napari.utils import Colormap
from napari.utils.events import Event
from qtpy.QtCore import Qt

from napari_sam.errors import LabelError
from napari_sam.labels.classes import ClassTable, ObjectClass
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.class_layer import class_colours
from napari_sam.plugin.workspace import Workspace

from .by_example import ByExample
from .class_box import ClassBox

_NO_CLASSES = "There are no classes yet: make one under Classes > New first."


class Classifying:
    """Changes the classes of the labels as the user does in the dock, and shows them there.

    Parameters
    ----------
    desk : Desk
        Shows errors to the user.
    box : ClassBox
        The class list of the dock.
    """

    def __init__(self, desk: Desk, box: ClassBox) -> None:
        self._desk, self._box = desk, box
        self._by_example = ByExample(desk, box)
        self._work: Workspace | None = None
        self._layer: Labels | None = None
        self._own_colours: Colormap | None = None  # of the layer, while it has those of the classes
        self._classes: tuple[ObjectClass, ...] = ()
        box.added.connect(self._add)
        # Queued: renaming fills the list anew, which must wait until its editor is closed.
        box.renamed.connect(self._rename, Qt.ConnectionType.QueuedConnection)
        box.recoloured.connect(self._recolour)
        box.removed.connect(lambda name: self._change(lambda table: table.remove(name)))
        box.assigned.connect(self._assign)
        box.colours_changed.connect(self._show_colours)

    @property
    def current(self) -> str:
        """Name of the class for objects accepted from now on; empty for no class."""
        return self._box.current

    def give(self, labels: Collection[int]) -> None:
        """Give labels the selected class in one step; *no class* takes their class away."""
        if not self._table.classes:
            self._desk.say(_NO_CLASSES)
            return
        name, several = self.current, len(labels) > 1
        self._set_class(labels, name)
        which = f"{len(labels)} labels" if several else f"Label {next(iter(labels))}"
        verb = ("are" if several else "is") if name else ("have" if several else "has")
        self._desk.say(f"{which} {verb} {name or 'no class'} now.")

    def use(self, work: Workspace) -> None:
        """Show the classes of another image; without classes, the image gets the listed ones."""
        self._work = work
        work.classes.changed.connect(self._show)
        self._by_example.use(work)
        self._show()

    def leave(self) -> None:
        """Stop showing the classes of an image; the list stays, for the next image."""
        self._by_example.leave()
        if self._work is not None:
            self._work.classes.changed.disconnect(self._show)
        self._watch(None)
        self._work = None

    @property
    def _table(self) -> ClassTable:
        return ClassTable() if self._work is None else self._work.classes.table

    def _watch(self, layer: Labels | None) -> None:
        """Listen to the selected label of a layer, and no longer to the layer before."""
        if self._layer is layer:
            return
        if self._layer is not None:
            self._layer.events.selected_label.disconnect(self._show_label)
            self._show_colours(False)
        self._layer = layer
        if layer is not None:
            layer.events.selected_label.connect(self._show_label)

    def _show(self) -> None:
        if self._work is None:
            return
        is_new = self._work.labels is not self._layer
        self._watch(self._work.labels)
        if is_new and self._classes and not self._table.classes:
            self._work.classes.set(ClassTable(self._classes))
        current = self._chosen()
        self._classes = self._table.classes
        self._box.show_classes(self._table, current)
        self._show_colours(self._box.by_class.isChecked())
        self._show_label()

    def _chosen(self) -> str:
        """Name of the selected class; undo may have renamed it since it was listed."""
        names, before = self._table.names, [entry.name for entry in self._classes]
        chosen = self._box.current
        if chosen in names or chosen not in before or len(before) != len(names):
            return chosen
        return names[before.index(chosen)]

    def _show_label(self, event: Event | None = None) -> None:
        label = 0 if self._layer is None else int(self._layer.selected_label)
        table = self._table
        self._box.show_label(label, table.class_of(label), table.predicted.get(label))

    # --- actions of the user -----------------------------------------------------------------

    def _add(self) -> None:
        names = self._table.names
        number = next(n for n in range(1, len(names) + 2) if f"class {n}" not in names)
        self._change(lambda table: table.add(f"class {number}"), f"class {number}")

    def _rename(self, old: str, new: str) -> None:
        entry = self._table.named(old)
        if entry is not None:
            self._change(lambda table: table.change(old, replace(entry, name=new)), new.strip())

    def _recolour(self, name: str, colour: str) -> None:
        self._change(lambda table: table.change(name, ObjectClass(name, colour)))

    def _assign(self, name: str) -> None:
        if self._layer is not None and (label := int(self._layer.selected_label)):
            self._set_class([label], name)

    def _set_class(self, labels: Collection[int], name: str) -> None:
        if self._work is not None:
            several = len(labels) > 1
            which = f"{len(labels)} labels" if several else f"label {next(iter(labels))}"
            with self._work.history.one_action(text=f"the class of {which}"):
                self._change(lambda table: table.assign(dict.fromkeys(labels, name)))

    def _change(self, edit: Callable[[ClassTable], ClassTable], current: str | None = None) -> None:
        """Edit the table as a step of undo, and select the class `current`; refusals are shown."""
        if self._work is None:
            return
        self._work.labels_layer.ensure()
        try:
            table = edit(self._table)
        except LabelError as error:
            self._desk.say(f"{error}.")
            table = self._table
        else:
            current = self._box.current if current is None else current
            self._box.show_classes(table, current)
        self._work.classes.change(table)

    def _show_colours(self, by_class: bool) -> None:
        if self._layer is None:
            return
        if by_class:
            if self._own_colours is None:
                self._own_colours = self._layer.colormap
            self._layer.colormap = class_colours(self._table)
        elif self._own_colours is not None:
            self._layer.colormap, self._own_colours = self._own_colours, None
