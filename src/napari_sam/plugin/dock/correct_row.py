"""CorrectRow: the button for objects that are labels already."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import heading, push_button


class CorrectRow(QWidget):
    """A heading, and a button below.

    Signals
    -------
    pick_up_clicked : bool
        Whether the next click shall choose a label to correct.
    """

    pick_up_clicked = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.pick_up_button = push_button("✎ Correct a label", tip_of("pick_up"))
        self.pick_up_button.setCheckable(True)
        self.pick_up_button.clicked.connect(self.pick_up_clicked)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(heading("Accepted objects"), 0, 0)
        grid.addWidget(self.pick_up_button, 1, 0)

    def show_picking(self, armed: bool) -> None:
        """Press the button while the next click chooses a label to correct."""
        self.pick_up_button.setChecked(armed)
