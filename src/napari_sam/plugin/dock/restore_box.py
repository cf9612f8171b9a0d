"""RestoreBox: the offer to restore labels accepted in an earlier, unsaved session of napari."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QGridLayout

from napari_sam.plugin.widgets.buttons import push_button, text_label


class RestoreBox(QFrame):
    """The offer and its two answers; hidden without an offer.

    Signals
    -------
    answered : bool
        True to restore the labels, False to forget them.
    """

    answered = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.text = text_label(word_wrap=True)
        self.restore_button = push_button("Restore", "Bring the objects back as they were accepted")
        self.forget_button = push_button("Forget", "Do not offer them again")
        self.restore_button.clicked.connect(lambda: self.answered.emit(True))
        self.forget_button.clicked.connect(lambda: self.answered.emit(False))
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 4, 4, 4)
        grid.addWidget(self.text, 0, 0, 1, 2)
        grid.addWidget(self.restore_button, 1, 0)
        grid.addWidget(self.forget_button, 1, 1)
        self.hide()

    def show_offer(self, text: str) -> None:
        """Show an offer; an empty text hides the box."""
        self.text.setText(text)
        self.setVisible(bool(text))
