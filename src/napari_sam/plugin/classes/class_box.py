"""ClassBox: the fold with the table of object classes; widgets and signals, no logic."""

from collections import Counter
from collections.abc import Mapping

from qtpy.QtCore import QSize, Qt, Signal
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
from superqt.utils import signals_blocked

from napari_sam.labels.classes import ClassTable
from napari_sam.plugin.widgets.buttons import check_box, push_button, text_label
from napari_sam.plugin.widgets.fold import Fold

NO_CLASS = "no class"
_ENOUGH = 3
"""Objects with a given class, below which the user is advised to give more."""

_TWO_CLASSES = (
    "Choose a class, point at an object and press Shift-C. With examples of two classes, the other "
    "objects can get theirs."
)

_ROWS = 5
"""Lines of the list that are visible without scrolling."""


class ClassBox(Fold):
    """The fold *Classes*: the list of classes, and the class of the selected label.

    Attributes
    ----------
    classes : QListWidget
        The classes after :data:`NO_CLASS`; accepted objects get the class of the current row.
    of_label : QComboBox
        The class of the label that is selected in the Labels layer.
    by_class : QCheckBox
        Checked: the Labels layer has the colours of the classes.
    predict_button : QPushButton
        Gives the objects without a class the class of the objects that are like them.
    by_itself : QCheckBox
        Checked: the same after each change of the labels and of given classes.
    hint : QLabel
        What is missing for a prediction, or would make it better.

    Signals
    -------
    added
        The user asks for a new class.
    renamed : str, str
        Old and new name of a class.
    recoloured : str, str
        Name of a class, and its new colour as ``#rrggbb``.
    removed : str
        Name of a class.
    assigned : str
        Name of the new class of the selected label; empty for no class.
    colours_changed : bool
        True for the colours of the classes, False for those of the labels.
    predict_clicked
        The user asks for the classes of the other objects.
    by_itself_changed : bool
        Whether predictions are made without being asked for.
    """

    added = Signal()
    renamed = Signal(str, str)
    recoloured = Signal(str, str)
    removed = Signal(str)
    assigned = Signal(str)
    colours_changed = Signal(bool)
    predict_clicked = Signal()
    by_itself_changed = Signal(bool)

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
        for row, widget in enumerate(self._prediction(), start=5):
            grid.addWidget(widget, row, 0, 1, 3)
        self._names: list[str] = [""]
        self.show_classes(ClassTable(), "")

    @property
    def current(self) -> str:
        """Name of the class for objects accepted from now on; empty for no class."""
        return self._names[max(self.classes.currentRow(), 0)]

    def show_classes(self, table: ClassTable, current: str) -> None:
        """List the classes, and select the class named `current`. Sends no signal."""
        self._names = ["", *table.names]
        examples = Counter(table.given.values())
        counts = Counter(table.of_label.values())
        with signals_blocked(self.classes):
            self.classes.clear()
            self.classes.addItem(NO_CLASS)
            for entry in table.classes:
                item = QListWidgetItem(_swatch(entry.color), entry.name)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                predicted = counts[entry.name] - examples[entry.name]
                item.setToolTip(
                    f"{examples[entry.name]} objects given, {predicted} predicted. Double-click to "
                    "rename"
                )
                self.classes.addItem(item)
            row = self._names.index(current) if current in self._names else 0
            self.classes.setCurrentRow(row)
        self.of_label.clear()
        self.of_label.addItem(NO_CLASS)
        for entry in table.classes:
            self.of_label.addItem(_swatch(entry.color), entry.name)
        self._show_changeable()
        self.predict_button.setEnabled(len(examples) > 1)
        self._show_hint(examples)

    def show_label(self, label: int, name: str, probability: float | None = None) -> None:
        """Show the class `name` of the selected label, 0 for background. Sends no signal.

        A predicted class has a `probability`, 0 to 1.
        """
        surety = "" if probability is None else f" ({probability:.0%})"
        self.label_text.setText(f"Label {label}{surety}")
        self.of_label.setCurrentIndex(self._names.index(name) if name in self._names else 0)
        self.of_label.setEnabled(label > 0)

    def ask_colour(self, colour: str) -> str:
        """Let the user choose a colour, ``#rrggbb``; empty if they cancel the dialog."""
        chosen = QColorDialog.getColor(QColor(colour), self, "Colour of the class")
        return chosen.name() if chosen.isValid() else ""

    # --- layout ------------------------------------------------------------------------------

    def _class_list(self) -> QListWidget:
        self.classes = QListWidget()
        self.classes.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.classes.setToolTip(
            "The class of the objects that you accept next, and of the label under the cursor with "
            "[Shift-C]"
        )
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

    def _prediction(self) -> list[QWidget]:
        self.predict_button = push_button(
            "Give the others their class",
            "Objects without a class get that of the objects most like them, in a lighter colour. "
            "Correct one by giving it another class: it is an example then",
        )
        self.predict_button.clicked.connect(lambda: self.predict_clicked.emit())
        self.by_itself = check_box(
            "By itself, after each correction",
            "Predict the classes anew when an object is given a class, accepted or changed",
        )
        self.by_itself.toggled.connect(self.by_itself_changed)
        self.hint = text_label(word_wrap=True)
        return [self.predict_button, self.by_itself, self.hint]

    def _show_hint(self, examples: Mapping[str, int]) -> None:
        """Advise more examples; `examples` counts them by class."""
        fewest = min(examples, key=lambda name: examples[name], default="")
        text = ""
        if len(examples) < 2:
            text = _TWO_CLASSES
        elif (count := examples[fewest]) < _ENOUGH:
            text = (
                f"{fewest} has {count} example{'s' * (count > 1)}: with {_ENOUGH} of each "
                "class, more of the others come out right."
            )
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

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
        self.show_note([self.current] if self.current else [])


def _swatch(colour: str) -> QIcon:
    pixmap = QPixmap(12, 12)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)
