"""ObjectRow: the buttons for the objects under way, and undo."""

from collections.abc import Sequence, Set

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
    accept_clicked, before_clicked, drop_clicked, undo_clicked, next_clicked
    """

    accept_clicked = Signal()
    before_clicked = Signal()
    drop_clicked = Signal()
    undo_clicked = Signal()
    next_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.accept_button = primary_button("", tip_of("accept"))
        self.before_button = push_button("↶ Mask before  [Shift-B]", tip_of("mask_before"))
        self.drop_button = push_button("✕ Drop", tip_of("drop"))
        self.undo_button = push_button("↶ Undo", tip_of("undo"))
        self.next_button = push_button("+ Another", tip_of("next_object"))
        self.accept_button.clicked.connect(lambda: self.accept_clicked.emit())
        self.before_button.clicked.connect(lambda: self.before_clicked.emit())
        self.drop_button.clicked.connect(lambda: self.drop_clicked.emit())
        self.undo_button.clicked.connect(lambda: self.undo_clicked.emit())
        self.next_button.clicked.connect(lambda: self.next_clicked.emit())
        self.current = text_label()
        self.current.setToolTip("The object that clicks belong to now")
        self.show_objects(1, [1])
        self.before_button.hide()
        self._lay_out()

    def show_available(self, enabled: Set[str], undo: str) -> None:
        """Enable the buttons of actions that do something now.

        Parameters
        ----------
        enabled : set of str
            Names of these actions.
        undo : str
            What undo takes back, for the tooltip; empty for nothing.
        """
        self.accept_button.setEnabled("accept" in enabled)
        self.drop_button.setEnabled("drop" in enabled)
        self.next_button.setEnabled("next_object" in enabled)
        self.before_button.setVisible("mask_before" in enabled)
        self.undo_button.setEnabled("undo" in enabled)
        what = f"Take back {undo}.\n" if undo else ""
        self.undo_button.setToolTip(what + tip_of("undo"))

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
        for row, widget in enumerate((self.current, self.before_button, self.accept_button)):
            grid.addWidget(widget, row, 0, 1, 3)
        for column, button in enumerate((self.drop_button, self.undo_button, self.next_button)):
            grid.addWidget(button, 3, column)
            grid.setColumnStretch(column, 1)
