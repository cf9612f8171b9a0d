"""Classifying: the classes in the dock and those of the labels are the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qtpy.QtCore import Qt

from napari_sam.errors import LabelError
from napari_sam.labels.classes import ClassTable, ObjectClass
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.class_layer import class_colours
from napari_sam.plugin.workspace import Workspace

from .class_box import ClassBox


class Classifying:
    """What the user does in the box of classes, and what the box shows.

    Parameters
    ----------
    desk : Desk
        The controller.
    box : ClassBox
        The widgets.
    """

    def __init__(self, desk: Desk, box: ClassBox) -> None:
        self._desk, self._box = desk, box
        self._work: Workspace | None = None
        self._layer: Any = None
        self._colours: Any = None
        self._classes: tuple[ObjectClass, ...] = ()
        box.added.connect(self._add)
        # later: the list is made anew, and its editor is still open
        box.renamed.connect(self._rename, Qt.ConnectionType.QueuedConnection)
        box.recoloured.connect(self._recolour)
        box.removed.connect(lambda name: self._change(lambda table: table.remove(name)))
        box.assigned.connect(self._assign)
        box.colours_changed.connect(self._show_colours)

    @property
    def current(self) -> str:
        """The class that the next objects get; empty for none."""
        return self._box.current

    def use(self, work: Workspace) -> None:
        """Show the classes of another image; one without any gets those that were there."""
        self._work = work
        work.classes.changed.connect(self._show)
        self._show()

    def leave(self) -> None:
        """Let go of an image; the classes go on to the next one."""
        if self._work is not None:
            self._work.classes.changed.disconnect(self._show)
        self._watch(None)
        self._work = None

    @property
    def _table(self) -> ClassTable:
        return ClassTable() if self._work is None else self._work.classes.table

    def _watch(self, layer: Any) -> None:
        """Follow which label is selected; the layer may be another one by now."""
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
        """The chosen class; it may have got another name by undo."""
        names, before = self._table.names, [one.name for one in self._classes]
        chosen = self._box.current
        if chosen in names or chosen not in before or len(before) != len(names):
            return chosen
        return names[before.index(chosen)]

    def _show_label(self, event: Any = None) -> None:
        label = 0 if self._layer is None else int(self._layer.selected_label)
        self._box.show_label(label, self._table.class_of(label))

    # --- what the user does ------------------------------------------------------------------

    def _add(self) -> None:
        names = self._table.names
        number = next(n for n in range(1, len(names) + 2) if f"class {n}" not in names)
        self._change(lambda table: table.add(f"class {number}"), f"class {number}")

    def _rename(self, old: str, new: str) -> None:
        found = self._table.named(old)
        if found is not None:
            self._change(lambda table: table.change(old, replace(found, name=new)), new.strip())

    def _recolour(self, name: str, colour: str) -> None:
        self._change(lambda table: table.change(name, ObjectClass(name, colour)))

    def _assign(self, name: str) -> None:
        if self._layer is not None and (label := int(self._layer.selected_label)):
            self._change(lambda table: table.assign({label: name}))

    def _change(self, how: Callable[[ClassTable], ClassTable], current: str | None = None) -> None:
        if self._work is None:
            return
        self._work.labels_layer.ensure()
        try:
            table = how(self._table)
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
            self._colours = self._layer.colormap if self._colours is None else self._colours
            self._layer.colormap = class_colours(self._table)
        elif self._colours is not None:
            self._layer.colormap, self._colours = self._colours, None
