"""TrainRow: the button that trains a model of the user's own; widgets and signals, no logic."""

from html import escape
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_sam.plugin.widgets.ask_text import ask_text
from napari_sam.plugin.widgets.buttons import push_button, text_label
from napari_sam.plugin.widgets.number_box import NumberBox

_TIP = (
    "Train a model of your own on all images of this viewer that have SAM labels, for other images"
    "\nand for the command line. What has no label is not taken as background. It takes the minutes"
    "\nthat are chosen, and then some for the figures"
)
_MINUTES = "Minutes of training; what was learned is judged after that"
_MOST_MINUTES = 240
_NAME = "Name of the new model, such as my-cells:"
_LINK = ' <a href="{}" style="color: #56b4e9">Results</a>'
"""Okabe and Ito's sky blue: read on napari's dark theme, on which Qt's own blue is not."""


class TrainRow(QWidget):
    """A row with a button, the minutes, and a line about the training.

    Signals
    -------
    named : str, int
        Name of the model to train, and minutes.
    stop_clicked
        Stop the training; it can go on later.
    """

    named = Signal(str, int)
    stop_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._training = False
        self.button = push_button("", "")
        self.minutes = NumberBox(suffix=" min", min=1, max=_MOST_MINUTES, value=4, tooltip=_MINUTES)
        self.line = text_label(word_wrap=True)
        self.line.setOpenExternalLinks(True)
        self.button.clicked.connect(self._clicked)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.setColumnStretch(0, 1)
        grid.addWidget(self.button, 0, 0)
        grid.addWidget(self.minutes.native, 0, 1)
        grid.addWidget(self.line, 1, 0, 1, 2)
        self.show_training(False)
        self.show_line("")

    def show_training(self, training: bool) -> None:
        """Offer to train, or to stop the training under way."""
        self._training = training
        self.button.setText("Stop training" if training else "Train on this project …")
        self.button.setToolTip("Stop; the same training can go on later" if training else _TIP)
        self.minutes.native.setEnabled(not training)

    def show_line(self, text: str, page: Path | None = None) -> None:
        """Show the progress of the training, or its result with a link to the page of results."""
        link = "" if page is None else _LINK.format(page.as_uri())
        self.line.setText(escape(text) + link)
        self.line.setVisible(bool(text))

    def _clicked(self) -> None:
        if self._training:
            self.stop_clicked.emit()
        elif name := ask_text(self, "Train a model", _NAME):
            self.named.emit(name, self.minutes.value)
