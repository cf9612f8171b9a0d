"""ObjectRow: the buttons for the objects under way: accept, drop, another, and the mask before."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.layers.conventions import PREVIEW_COLOURS
from napari_sam.plugin.layers.preview_layer import colour_of
from napari_sam.plugin.widgets.buttons import primary_button, push_button, text_label


class ObjectRow(QWidget):
    """The main button of the dock, with less frequent ones around.

    Attributes
    ----------
    accept_button : QPushButton
        The main button, green while there is an object to accept.
    before_button : QPushButton
        Brings the mask before the last click back; hidden without such an offer.
    current : QLabel
        Colour and number of the current object; hidden while it is the only object.

    Signals
    -------
    accept_clicked, before_clicked, drop_clicked, next_clicked
    """

    accept_clicked = Signal()
    before_clicked = Signal()
    drop_clicked = Signal()
    next_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.accept_button = primary_button("", tip_of("accept"))
        self.before_button = push_button("↶ Mask before  [Shift-B]", tip_of("mask_before"))
        self.drop_button = push_button("✕ Drop  [Esc]", tip_of("drop"))
        self.next_button = push_button("+ Another  [J]", tip_of("next_object"))
        self.accept_button.clicked.connect(lambda: self.accept_clicked.emit())
        self.before_button.clicked.connect(lambda: self.before_clicked.emit())
        self.drop_button.clicked.connect(lambda: self.drop_clicked.emit())
        self.next_button.clicked.connect(lambda: self.next_clicked.emit())
        self.current = text_label()
        self.current.setToolTip("The object that clicks belong to now")
        self.show_objects(1, [1])
        self.show_before(False)
        self._lay_out()

    def show_can_accept(self, can_accept: bool) -> None:
        """Enable the buttons for the object under way, or disable them."""
        for button in (self.accept_button, self.drop_button, self.next_button):
            button.setEnabled(can_accept)

    def show_before(self, is_offered: bool) -> None:
        """Offer the mask before the last click, or take the offer away."""
        self.before_button.setVisible(is_offered)

    def show_objects(self, current: int, numbers: Sequence[int]) -> None:
        """Show the number of the current object, and the count of objects under way.

        Parameters
        ----------
        current : int
            Number of the object to which clicks belong.
        numbers : sequence of int
            Numbers of all objects under way.
        """
        several = len(numbers) > 1
        colour = PREVIEW_COLOURS[colour_of(current) - 1]
        self.current.setText(
            f'<span style="color: {colour}">■</span> Clicks belong to object {current} '
            f"of {len(numbers)}"
        )
        self.current.setVisible(several)
        count = f"{len(numbers)} objects" if several else "object"
        self.accept_button.setText(f"✓ Accept {count}   [Enter]")

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(self.current, 0, 0, 1, 2)
        grid.addWidget(self.before_button, 1, 0, 1, 2)
        grid.addWidget(self.accept_button, 2, 0, 1, 2)
        grid.addWidget(self.drop_button, 3, 0)
        grid.addWidget(self.next_button, 3, 1)
