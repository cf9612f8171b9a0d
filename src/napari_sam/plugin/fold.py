"""Fold: a part of the dock that takes one line until it is needed."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QGridLayout, QWidget
from superqt import QCollapsible

_SHUT, _OPEN = "▸", "▾"


class Fold(QCollapsible):
    """A title that unfolds a grid of widgets.

    Parameters
    ----------
    title : str
        What is always seen.
    tip : str
        What is inside.

    Attributes
    ----------
    grid : QGridLayout
        For the widgets.
    """

    def __init__(self, title: str, tip: str) -> None:
        super().__init__(title, expandedIcon=QIcon(), collapsedIcon=QIcon())
        self._title = title
        self.setDuration(0)
        self.toggleButton().setToolTip(tip)
        self.toggleButton().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        self.grid = QGridLayout(inside)
        self.grid.setSpacing(2)
        for layout in (self.layout(), self.content().layout(), self.grid):
            if layout is not None:
                layout.setContentsMargins(0, 0, 0, 0)
                layout.setSpacing(2)
        self.addWidget(inside)
        self.toggled.connect(self._mark)
        self._mark(False)

    def _mark(self, unfolded: bool) -> None:
        # As text: an icon keeps the colour that it was drawn in, and vanishes in another theme.
        self.setText(f"{_OPEN if unfolded else _SHUT} {self._title}")
