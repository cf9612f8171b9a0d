"""ObjectRow: the buttons for the objects under way: another, accept, drop and undo."""

from collections.abc import Sequence, Set

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.layers.conventions import PREVIEW_COLOURS
from napari_sam.plugin.layers.preview_layer import colour_of
from napari_sam.plugin.widgets.buttons import push_button, text_label


class ObjectRow(QWidget):
    """Two rows of buttons, and the number of the object to which clicks belong.

    Attributes
    ----------
    current : QLabel
        Colour and number of the current object; hidden while it is the only object.

    Signals
    -------
    accept_clicked, drop_clicked, undo_clicked, next_clicked
    """

    accept_clicked = Signal()
    drop_clicked = Signal()
    undo_clicked = Signal()
    next_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.accept_button = push_button("Accept object", tip_of("accept"))
        self.drop_button = push_button("Drop", tip_of("drop"))
        self.undo_button = push_button("Undo", tip_of("undo"))
        self.next_button = push_button("Another object", tip_of("next_object"))
        self.accept_button.clicked.connect(lambda: self.accept_clicked.emit())
        self.drop_button.clicked.connect(lambda: self.drop_clicked.emit())
        self.undo_button.clicked.connect(lambda: self.undo_clicked.emit())
        self.next_button.clicked.connect(lambda: self.next_clicked.emit())
        self.current = text_label()
        self.current.setToolTip("The object that clicks belong to now")
        self.current.hide()
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
            f'<span style="color: {colour}">■</span> Object {current} of {len(numbers)}'
        )
        self.current.setVisible(several)
        self.accept_button.setText(f"Accept {len(numbers)} objects" if several else "Accept object")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        buttons.addWidget(self.accept_button, 1)
        buttons.addWidget(self.drop_button)
        buttons.addWidget(self.undo_button)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(self.next_button, 0, 0)
        grid.addWidget(self.current, 0, 1)
        grid.addLayout(buttons, 1, 0, 1, 2)
