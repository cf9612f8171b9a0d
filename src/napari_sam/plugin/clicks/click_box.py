"""ClickBox: the size that a click means, and the preview under the mouse."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.objects.size_names import NAMES
from napari_sam.plugin.widgets.buttons import check_box, push_button


class ClickBox(QWidget):
    """A row of the dock about clicks.

    Signals
    -------
    size_clicked
        Another size is wanted.
    hover_changed : bool
        Whether the preview under the mouse is on.
    """

    size_clicked = Signal()
    hover_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.size_button = push_button("", tip_of("next_size"))
        self.size_button.clicked.connect(lambda: self.size_clicked.emit())
        self.hover = check_box("Preview at mouse", tip_of("toggle_hover"))
        self.hover.setChecked(True)
        self.hover.toggled.connect(self.hover_changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.size_button, 1)
        row.addWidget(self.hover)
        self.show_size(Size.BEST)

    def show_size(self, size: Size) -> None:
        """Write the size of the next click on the button."""
        self.size_button.setText(f"Size: {NAMES[size]}")
