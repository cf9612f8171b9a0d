"""AlikeBox: the rows to find more objects like a few labels, and the slider of their similarity."""

from enum import Enum

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QSlider, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import push_button

FIRST = 65
"""Similarity, in percent, from which on objects are shown at first."""

_EXAMPLES = (
    "Labels that are the examples: those accepted last, the one selected in SAM labels,\n"
    "or those of the class chosen under Classes"
)


class Examples(Enum):
    """Labels that are examples, with the text of the choice."""

    LAST = "last accepted"
    SELECTED = "selected label"
    OF_CLASS = "chosen class"


class Where(Enum):
    """Part of the image to search, with the text of the choice."""

    VIEW = "in view"
    SLICE = "in this slice"
    ALL = "in all slices"


class AlikeBox(QWidget):
    """Rows of the fold *Find all objects* for a search by examples.

    Attributes
    ----------
    examples_box, where_box : QComboBox
    find_button : QPushButton
    slider : QSlider
        Percent of similarity; with its text, visible while there are proposals.
    text : QLabel

    Signals
    -------
    find_clicked
    similarity_changed
        The user moves the slider.
    """

    find_clicked = Signal()
    similarity_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.examples_box = _choice(
            Examples,
            _EXAMPLES,
        )
        self.where_box = _choice(Where, "Part of the image in which to look for more")
        self.find_button = push_button("Find more like these", tip_of("find_alike"))
        self.text = QLabel("")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, 100)
        self.slider.setPageStep(5)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.slider.setToolTip(
            "How alike an object must be: to the left more objects, to the right only the most\n"
            "similar. Objects that you kept, dropped or corrected stay as they are"
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(QLabel("Search, by examples:"), 0, 0, 1, 2)
        for column, choice in enumerate((self.examples_box, self.where_box)):
            grid.addWidget(choice, 1, column)
            grid.setColumnStretch(column, 1)
        grid.addWidget(self.find_button, 2, 0, 1, 2)
        grid.addWidget(self.text, 3, 0, 1, 2)
        grid.addWidget(self.slider, 4, 0, 1, 2)
        self.find_button.clicked.connect(lambda: self.find_clicked.emit())
        self.slider.valueChanged.connect(lambda value: self.similarity_changed.emit())
        self.show_stack(False)
        self.show_count(0, 0)

    @property
    def examples(self) -> Examples:
        """Chosen examples."""
        return list(Examples)[self.examples_box.currentIndex()]

    @property
    def where(self) -> Where:
        """Chosen part of the image."""
        return list(Where)[self.where_box.currentIndex()]

    @property
    def threshold(self) -> float:
        """Similarity from which on objects are shown, 0 to 1."""
        return float(self.slider.value()) / 100

    def begin(self) -> None:
        """Set the slider back, for another search. Sends no signal."""
        blocked = self.slider.blockSignals(True)
        self.slider.setValue(FIRST)
        self.slider.blockSignals(blocked)

    def show_stack(self, is_stack: bool) -> None:
        """Offer all slices for a stack."""
        row = list(Where).index(Where.ALL)
        if is_stack and self.where_box.count() == row:
            self.where_box.addItem(Where.ALL.value)
        elif not is_stack and self.where_box.count() > row:
            self.where_box.removeItem(row)
        slice_text = Where.SLICE.value if is_stack else "in the image"
        self.where_box.setItemText(list(Where).index(Where.SLICE), slice_text)

    def show_count(self, count: int, total: int) -> None:
        """Show how many of `total` proposals are shown; without proposals, hide the slider."""
        self.text.setText(f"Similarity {self.slider.value()}%: {count} of {total} shown")
        self.text.setVisible(total > 0)
        self.slider.setVisible(total > 0)


def _choice(values: type[Enum], tip: str) -> QComboBox:
    box = QComboBox()
    box.addItems([value.value for value in values])
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    box.setToolTip(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(4)
    return box
