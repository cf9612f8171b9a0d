"""FollowRow: button and axis to follow an object through slices, and the strip of slices."""

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import heading, push_button

from .strip import Strip


class FollowRow(QWidget):
    """Follow button and axis, with the strip of the followed object below; for stacks alone.

    Attributes
    ----------
    follow_button, end_button : QPushButton
        The second one is hidden until an object is followed.
    axis : QComboBox
        Axes of the stack; hidden unless there are several.
    strip : Strip
        Hidden until an object is followed.

    Signals
    -------
    follow_clicked, end_clicked
    slice_chosen : int
        Index along the axis, of the slice that was clicked in the strip.
    """

    follow_clicked = Signal()
    end_clicked = Signal()
    slice_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.follow_button = push_button("↕ Follow  [G]", tip_of("follow"))
        self.follow_button.clicked.connect(lambda: self.follow_clicked.emit())
        self.end_button = push_button("Ends here", tip_of("end_here"))
        self.end_button.clicked.connect(lambda: self.end_clicked.emit())
        self.end_button.hide()
        self.axis = QComboBox()
        self.axis.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.axis.setToolTip("Where to follow it: through depth or through time")
        self.strip = Strip()
        self.strip.chosen.connect(self.slice_chosen)
        self.strip.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        buttons.addWidget(self.follow_button, 1)
        buttons.addWidget(self.end_button)
        buttons.addWidget(self.axis)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(heading("Through the stack"), 0, 0)
        grid.addLayout(buttons, 1, 0)
        grid.addWidget(self.strip, 2, 0)

    @property
    def follow_axis(self) -> str | None:
        """Letter of the axis through which to follow an object; None for a single plane."""
        axis = self.axis.currentData()
        return None if axis is None else str(axis)

    def show_axes(self, axes: Sequence[str]) -> None:
        """Offer the axes of a stack, by their letters; no axes hide the row."""
        self.axis.clear()
        self.axis.addItems([f"through {axis.lower()}" for axis in axes])
        for index, axis in enumerate(axes):
            self.axis.setItemData(index, axis)
        self.axis.setVisible(len(axes) > 1)
        self.setVisible(bool(axes))

    def show_followed(self, size: int, values: Mapping[int, float | None]) -> None:
        """Show the slices of an object in the strip; see :meth:`Strip.show_slices`."""
        self.strip.show_slices(size, values)
        self.strip.setVisible(bool(values))
        self.end_button.setVisible(bool(values))
