"""AheadBox: the check box for preparing the whole image in the background."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_sam.plugin.widgets.buttons import check_box


class AheadBox(QWidget):
    """A check box of the section *Find all objects*.

    Signals
    -------
    everything_changed : bool
        True to encode all tiles of the image, False for those around the view.
    """

    everything_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.everything = check_box(
            "Prepare the whole image",
            "Look at the whole image in the background, from here on: then clicks are answered\n"
            "at once. It steps aside while you work; what is done is kept on disk.",
        )
        self.everything.toggled.connect(self.everything_changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.everything)

    def show_everything(self, on: bool) -> None:
        """Check the box, or uncheck it. Sends no signal."""
        with signals_blocked(self.everything):
            self.everything.setChecked(on)
