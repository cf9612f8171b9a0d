"""StrokeBox: the rows for strokes over labels."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import check_box, push_button

from .reading import Reading


class StrokeBox(QWidget):
    """Button of the stroke tool; while it is pressed, the reading of strokes and a switch below.

    Attributes
    ----------
    button : QPushButton
    reading_box : QComboBox
    through : QCheckBox
        Whether a stroke goes through the slices; for stacks alone.

    Signals
    -------
    clicked
    changed
        Another reading, or another choice of slices.
    """

    clicked = Signal()
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.button = push_button("✂ Split, merge, add, cut", tip_of("stroke"))
        self.button.setCheckable(True)
        self.button.clicked.connect(lambda: self.clicked.emit())
        self.reading_box = QComboBox()
        self.reading_box.addItems([reading.value for reading in Reading])
        self.reading_box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.reading_box.setToolTip(tip_of("stroke_reading"))
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.reading_box.setSizeAdjustPolicy(policy)
        self.reading_box.setMinimumContentsLength(8)
        self.through = check_box(
            "through slices",
            "Apply the stroke to the slices before and after too, as far as the label goes on",
        )
        self.reading_box.currentIndexChanged.connect(lambda index: self.changed.emit())
        self.through.toggled.connect(lambda checked: self.changed.emit())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(self.button, 0, 0, 1, 2)
        grid.addWidget(self.reading_box, 1, 0)
        grid.addWidget(self.through, 1, 1)
        grid.setColumnStretch(0, 1)
        self._is_stack = False
        self.show_armed(False)

    @property
    def reading(self) -> Reading:
        """Chosen reading."""
        return list(Reading)[self.reading_box.currentIndex()]

    def show_reading(self, reading: Reading) -> None:
        """Choose a reading. Sends no signal."""
        blocked = self.reading_box.blockSignals(True)
        self.reading_box.setCurrentIndex(list(Reading).index(reading))
        self.reading_box.blockSignals(blocked)

    def show_stack(self, is_stack: bool) -> None:
        """Offer to go through the slices, for a stack."""
        self._is_stack = is_stack
        self.through.setVisible(is_stack and self.button.isChecked())

    def show_armed(self, armed: bool) -> None:
        """Press the button, and show the choices, while the mouse draws strokes."""
        self.button.setChecked(armed)
        self.reading_box.setVisible(armed)
        self.through.setVisible(armed and self._is_stack)
