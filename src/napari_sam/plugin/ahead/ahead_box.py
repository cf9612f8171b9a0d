"""AheadBox: the part of the dock that is about encoding before anything is clicked on."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_sam.plugin.widgets.buttons import check_box


class AheadBox(QWidget):
    """Whether to encode everything.

    Signals
    -------
    everything_changed : bool
        The user has changed it.
    """

    everything_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.everything = check_box(
            "Encode everything",
            "Look at the whole image in the background, from here on: then clicks are answered\n"
            "at once. It steps aside while you work; what is done is kept on disk.",
        )
        self.everything.toggled.connect(self.everything_changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.everything)

    def show_everything(self, on: bool) -> None:
        """Tick it or not; no signal is sent."""
        self.everything.blockSignals(True)
        self.everything.setChecked(on)
        self.everything.blockSignals(False)
