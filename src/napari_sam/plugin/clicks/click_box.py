"""ClickBox: buttons for the size of clicks, for picking labels up and for hover."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import check_box, push_button


class ClickBox(QWidget):
    """A row of the dock about clicks.

    Signals
    -------
    size_clicked
        Another size is wanted.
    pick_up_clicked : bool
        Whether the next click shall pick up a label.
    hover_changed : bool
        Whether hover is on.
    """

    size_clicked = Signal()
    pick_up_clicked = Signal(bool)
    hover_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.size_button = push_button("", tip_of("next_size"))
        self.size_button.clicked.connect(lambda: self.size_clicked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.size_button)
        self.pick_up_button = push_button("Pick up a label", tip_of("pick_up"))
        self.pick_up_button.setCheckable(True)
        self.pick_up_button.clicked.connect(self.pick_up_clicked)
        row.addWidget(self.pick_up_button)
        self.hover = check_box("Hover", tip_of("toggle_hover"))
        self.hover.setChecked(True)
        self.hover.toggled.connect(self.hover_changed)
        row.addWidget(self.hover)
        self.show_size(Size.BEST)

    def show_size(self, size: Size) -> None:
        """Write the size of the next click on the button."""
        self.size_button.setText(f"Size: {size.value}")

    def show_picking(self, armed: bool) -> None:
        """Press the button while the next click picks up a label."""
        self.pick_up_button.setChecked(armed)
