"""AcceptBox: how objects become labels; widgets and signals, no logic."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent, QWheelEvent
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QSpinBox

from napari_sam.labels.paint import OverlapPolicy
from napari_sam.masks.pixels.clean import ALL_HOLES, Cleaning
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.widgets.buttons import check_box
from napari_sam.plugin.widgets.fold import Fold

POLICIES = {
    OverlapPolicy.KEEP_EXISTING: (
        "Leave others alone",
        "The object gets the pixels that are free; those of others stay theirs",
    ),
    OverlapPolicy.REPLACE: (
        "Replace others",
        "The object gets all of its pixels, also those that others had",
    ),
    OverlapPolicy.ONLY_BACKGROUND: (
        "Only on background",
        "An object that lies by more than a quarter on others is not accepted at all",
    ),
}
_LARGEST_LABEL = 2**31 - 1  # of a spin box; uint32 labels reach twice as far


class AcceptBox(Fold):
    """What happens on Enter; folded until it is needed.

    Signals
    -------
    cleaning_changed
        Another mask is to be shown.
    """

    cleaning_changed = Signal()

    def __init__(self) -> None:
        super().__init__(
            "Accepting", "How objects are accepted: overlaps, labels, holes, crumbs and outlines"
        )
        self.grid.setColumnStretch(1, 1)
        self._label_rows(self.grid)
        self._cleaning_rows(self.grid)

    @property
    def chosen(self) -> Acceptance:
        """What the user chose, now."""
        holes = (self.holes_up_to.value() or ALL_HOLES) if self.holes.isChecked() else 0
        return Acceptance(
            self.policy.currentData(),
            self.label.value(),
            Cleaning(holes, self.smooth.value(), self.one_piece.isChecked(), self.smallest.value()),
        )

    def _label_rows(self, grid: QGridLayout) -> None:
        self.policy = QComboBox()
        self.policy.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for index, (policy, (text, tip)) in enumerate(POLICIES.items()):
            self.policy.addItem(text, policy)
            self.policy.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        self.policy.setToolTip("What happens where an object lies on others")
        self.label = _Number(_LARGEST_LABEL, "next free")
        self.label.setToolTip(
            "The label that objects are added to, until it is set back to 0, the next free one.\n"
            "Of several objects at once only the current one gets it."
        )
        grid.addWidget(QLabel("Overlaps"), 0, 0)
        grid.addWidget(self.policy, 0, 1)
        grid.addWidget(QLabel("Label"), 1, 0)
        grid.addWidget(self.label, 1, 1)

    def _cleaning_rows(self, grid: QGridLayout) -> None:
        self.holes = check_box("Fill holes", "Fill the holes of an object")
        self.holes_up_to = _Number(1_000_000, "of any size", "up to ", " px")
        self.holes_up_to.setToolTip("The largest hole that is filled, in pixels")
        self.holes_up_to.setEnabled(False)
        self.holes.toggled.connect(self.holes_up_to.setEnabled)
        self.smooth = _Number(20, "as it is", "smoothed by ", " px")
        self.smooth.setToolTip("Take bumps and dents narrower than this radius off the outline")
        self.smallest = _Number(1_000_000, "of any size", "from ", " px")
        self.smallest.setToolTip(
            "Drop pieces of fewer pixels, unless you clicked on them.\n"
            "When everything is segmented, drop smaller objects, in each slice."
        )
        self.one_piece = check_box(
            "One piece only", "Drop all pieces but those you clicked on, or but the largest"
        )
        grid.addWidget(self.holes, 2, 0)
        grid.addWidget(self.holes_up_to, 2, 1)
        grid.addWidget(QLabel("Outline"), 3, 0)
        grid.addWidget(self.smooth, 3, 1)
        grid.addWidget(QLabel("Pieces"), 4, 0)
        grid.addWidget(self.smallest, 4, 1)
        grid.addWidget(self.one_piece, 5, 0, 1, 2)
        for box in (self.holes, self.one_piece):
            box.toggled.connect(lambda checked: self.cleaning_changed.emit())
        for number in (self.holes_up_to, self.smooth, self.smallest):
            number.valueChanged.connect(lambda value: self.cleaning_changed.emit())


class _Number(QSpinBox):
    """A number that is typed or stepped; keys go back to the canvas when it is done."""

    def __init__(self, largest: int, nothing: str, prefix: str = "", suffix: str = "") -> None:
        super().__init__()
        self.setRange(0, largest)
        self.setSpecialValueText(nothing)
        self.setPrefix(prefix)
        self.setSuffix(suffix)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802, Qt's name
        """Enter and Escape end the typing, and mean nothing to the object."""
        super().keyPressEvent(event)
        if event is not None:
            event.accept()
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
                self.clearFocus()

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802, Qt's name
        """Leave a wheel that passes over it to whatever is around."""
        if event is not None and not self.hasFocus():
            event.ignore()
        else:
            super().wheelEvent(event)
