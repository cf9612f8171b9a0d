"""ClickBox: what a click means, and what can be done with one."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.widgets.buttons import check_box, push_button

_TIP = (
    "Which of the sizes that a click may mean: a part, the whole, a cluster; or what the model\n"
    "thinks best. Press for another one, of this object and of the next clicks [H]"
)
_PICK_UP_TIP = (
    "Correct a label: the next click takes it into the hand again, Enter puts it back.\n"
    "Without this button: point at it [Shift-J]"
)
_HOVER_TIP = (
    "Rest the mouse to see what a click would give: white is what it would add, orange what it\n"
    "would take away. Where the model has not looked yet, nothing is shown [Shift-H]"
)


class ClickBox(QWidget):
    """A row of the dock about clicks.

    Signals
    -------
    size_clicked
        Another size is wanted.
    pick_up_clicked : bool
        Whether the next click shall pick up a label.
    hover_changed : bool
        Whether to show what a click would give.
    """

    size_clicked = Signal()
    pick_up_clicked = Signal(bool)
    hover_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.size_button = push_button("", _TIP)
        self.size_button.clicked.connect(lambda: self.size_clicked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.size_button)
        self.pick_up_button = push_button("Pick up a label", _PICK_UP_TIP)
        self.pick_up_button.setCheckable(True)
        self.pick_up_button.clicked.connect(self.pick_up_clicked)
        row.addWidget(self.pick_up_button)
        self.hover = check_box("Hover", _HOVER_TIP)
        self.hover.setChecked(True)
        self.hover.toggled.connect(self.hover_changed)
        row.addWidget(self.hover)
        self.show_size(Size.BEST)

    def show_size(self, size: Size) -> None:
        """Say which size the next click means."""
        self.size_button.setText(f"Size: {size.value}")

    def show_picking(self, armed: bool) -> None:
        """Say whether the next click picks up a label."""
        self.pick_up_button.setChecked(armed)
