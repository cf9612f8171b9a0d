"""CorrectRow: the buttons for objects that are labels already."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QGridLayout, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import heading, push_button

FORMATS = "Labels (*.ome.tif *.ome.zarr *.tif)"
"""Filter of the dialog for saving. A single one, for the name alone chooses the format."""


class CorrectRow(QWidget):
    """A heading, and the buttons below.

    Signals
    -------
    pick_up_clicked : bool
        Whether the next click shall choose a label to correct.
    save_clicked
    """

    pick_up_clicked = Signal(bool)
    save_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.pick_up_button = push_button("✎ Correct a label", tip_of("pick_up"))
        self.pick_up_button.setCheckable(True)
        self.pick_up_button.clicked.connect(self.pick_up_clicked)
        self.save_button = push_button("Save …", tip_of("save_labels"))
        self.save_button.clicked.connect(lambda: self.save_clicked.emit())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.setColumnStretch(0, 1)
        grid.addWidget(heading("Accepted objects"), 0, 0, 1, 2)
        grid.addWidget(self.pick_up_button, 1, 0)
        grid.addWidget(self.save_button, 1, 1)

    def show_picking(self, armed: bool) -> None:
        """Press the button while the next click chooses a label to correct."""
        self.pick_up_button.setChecked(armed)

    def ask_place(self, proposed: Path) -> Path | None:
        """Let the user name a file for the labels; None if they cancel the dialog."""
        path, _ = QFileDialog.getSaveFileName(self, "Save labels", str(proposed), FORMATS)
        return Path(path) if path else None
