"""ClassBox: the kinds of objects; widgets and signals, no logic."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from qtpy.QtCore import QSignalBlocker, QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QColorDialog,
    QComboBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from napari_sam.labels.classes import ClassTable
from napari_sam.plugin.widgets.buttons import check_box, push_button
from napari_sam.plugin.widgets.fold import Fold

NONE = "no class"
_ROWS = 5


class ClassBox(Fold):
    """A list of classes, of which one is given to the next objects; folded until it is needed.

    Signals
    -------
    added
        A new class is wanted.
    renamed : str, str
        A class, and its new name.
    recoloured : str, str
        A class, and its new colour.
    removed : str
        A class.
    assigned : str
        The class of the selected label; empty for none.
    colours_changed : bool
        Whether objects are shown in the colours of their classes.
    """

    added = Signal()
    renamed = Signal(str, str)
    recoloured = Signal(str, str)
    removed = Signal(str)
    assigned = Signal(str)
    colours_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__("Classes", "Kinds of objects, with names and colours")
        grid = self.grid
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._class_list(), 0, 0, 3, 2)
        for row, button in enumerate(self._buttons()):
            grid.addWidget(button, row, 2)
        self.label_text = QLabel("Label")
        self.of_label = QComboBox()
        self.of_label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.of_label.setToolTip(
            "The class of the label that is selected in napari: pick one with the colour picker of "
            "the layer SAM labels"
        )
        self.of_label.activated.connect(lambda row: self.assigned.emit(self._names[row]))
        self.by_class = check_box(
            "Colours of the classes", "Show each object in the colour of its class"
        )
        self.by_class.toggled.connect(self.colours_changed)
        grid.addWidget(self.label_text, 3, 0)
        grid.addWidget(self.of_label, 3, 1, 1, 2)
        grid.addWidget(self.by_class, 4, 0, 1, 3)
        self._names: list[str] = [""]
        self.show_classes(ClassTable(), "")

    @property
    def current(self) -> str:
        """The class that the next objects get; empty for none."""
        return self._names[max(self.classes.currentRow(), 0)]

    def show_classes(self, table: ClassTable, current: str) -> None:
        """List the classes, and choose one of them; no signal is sent."""
        self._names = ["", *table.names]
        counts = Counter(table.of_label.values())
        with _quiet(self.classes):
            self.classes.clear()
            self.classes.addItem(NONE)
            for one in table.classes:
                item = QListWidgetItem(_swatch(one.color), one.name)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                item.setToolTip(f"{counts[one.name]} objects. Double-click to rename")
                self.classes.addItem(item)
            row = self._names.index(current) if current in self._names else 0
            self.classes.setCurrentRow(row)
        self.of_label.clear()
        self.of_label.addItem(NONE)
        for one in table.classes:
            self.of_label.addItem(_swatch(one.color), one.name)
        self._show_changeable()

    def show_label(self, label: int, name: str) -> None:
        """Show the class of the selected label; no signal is sent."""
        self.label_text.setText(f"Label {label}")
        self.of_label.setCurrentIndex(self._names.index(name) if name in self._names else 0)
        self.of_label.setEnabled(label > 0)

    def ask_colour(self, colour: str) -> str:
        """Let the user choose a colour; empty if they do not."""
        chosen = QColorDialog.getColor(QColor(colour), self, "Colour of the class")
        return chosen.name() if chosen.isValid() else ""

    # --- layout ------------------------------------------------------------------------------

    def _class_list(self) -> QListWidget:
        self.classes = QListWidget()
        self.classes.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.classes.setToolTip("The class of the objects that you accept next")
        self.classes.setIconSize(QSize(12, 12))
        self.classes.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.classes.setFixedHeight(_ROWS * (self.classes.fontMetrics().lineSpacing() + 4))
        self.classes.currentRowChanged.connect(lambda row: self._show_changeable())
        self.classes.itemChanged.connect(self._item_changed)
        return self.classes

    def _buttons(self) -> list[QPushButton]:
        self.add_button = push_button("New", "Another class; double-click on it to rename it")
        self.colour_button = push_button("Colour", "Another colour for the chosen class")
        self.remove_button = push_button("Remove", "Remove the chosen class; its objects stay")
        self.add_button.clicked.connect(lambda: self.added.emit())
        self.colour_button.clicked.connect(self._ask_colour)
        self.remove_button.clicked.connect(lambda: self.removed.emit(self.current))
        return [self.add_button, self.colour_button, self.remove_button]

    def _item_changed(self, item: QListWidgetItem) -> None:
        row = self.classes.row(item)
        if item.text() != self._names[row]:
            self.renamed.emit(self._names[row], item.text())

    def _ask_colour(self) -> None:
        item = self.classes.currentItem()
        if item is None:
            return
        now = item.icon().pixmap(4, 4).toImage().pixelColor(1, 1).name()
        if colour := self.ask_colour(now):
            self.recoloured.emit(self.current, colour)

    def _show_changeable(self) -> None:
        for button in (self.colour_button, self.remove_button):
            button.setEnabled(bool(self.current))


@contextmanager
def _quiet(widget: QWidget) -> Iterator[None]:
    blocker = QSignalBlocker(widget)
    try:
        yield
    finally:
        blocker.unblock()


def _swatch(colour: str) -> QIcon:
    pixmap = QPixmap(12, 12)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)
