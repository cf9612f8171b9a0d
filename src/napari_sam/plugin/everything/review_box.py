"""ReviewBox: count and buttons of the review of objects that the user did not make."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import push_button, text_label

_TIP = (
    "How many of the objects that were found automatically, or loaded, somebody has looked at:\n"
    "those that were kept, dropped or corrected"
)


_ERRORS_TIP = (
    "Estimated from your own decisions: an object that you kept was right, one that you dropped\n"
    "or corrected was wrong. The range holds the true number in 95 of 100 reviews. Each third\n"
    "object that the review shows is a random one: the least sure ones say nothing about the rest"
)


class ReviewBox(QWidget):
    """Rows of the section *Find all objects*, visible while objects wait for their review.

    Signals
    -------
    next_clicked, keep_clicked, drop_clicked
    """

    next_clicked = Signal()
    keep_clicked = Signal()
    drop_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = QLabel("")
        self.text.setToolTip(_TIP)
        self.errors = text_label(word_wrap=True)
        self.errors.setToolTip(_ERRORS_TIP)
        self.next_button = push_button("→ Next", tip_of("review_next"))
        self.keep_button = push_button("✓ Keep", tip_of("review_keep"))
        self.drop_button = push_button("✕ Drop", tip_of("review_drop"))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(self.text, 0, 0, 1, 3)
        grid.addWidget(self.errors, 2, 0, 1, 3)
        buttons = (self.next_button, self.drop_button, self.keep_button)
        for column, button in enumerate(buttons):
            grid.addWidget(button, 1, column)
        for button, signal in zip(
            buttons, (self.next_clicked, self.drop_clicked, self.keep_clicked), strict=True
        ):
            button.clicked.connect(lambda checked, signal=signal: signal.emit())
        self.hide()

    def show_count(self, done: int, total: int) -> None:
        """Show how many of `total` objects were looked at; hide the rows after the last object."""
        self.text.setText(f"Review: {done} of {total}, least sure first")
        self.setVisible(done < total)

    def show_errors(self, line: str) -> None:
        """Show the sentence on wrong objects; without one, leave its row out."""
        self.errors.setText(line)
        self.errors.setVisible(bool(line))
