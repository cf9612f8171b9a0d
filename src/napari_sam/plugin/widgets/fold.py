"""Fold: a part of the dock that takes no room until it is needed; Folds: some, one open at most."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from .buttons import push_button

_SHUT, _OPEN = "▸", "▾"


class Fold(QWidget):
    """A grid of widgets, shown by a button.

    Parameters
    ----------
    title : str
        What is always seen: the text of the button.
    tip : str
        What is inside.

    Attributes
    ----------
    button : QPushButton
        Opens and shuts; it has its place in :class:`Folds`.
    grid : QGridLayout
        For the widgets.

    Signals
    -------
    toggled : bool
        Whether it is open now.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, tip: str) -> None:
        super().__init__()
        self._title = title
        self.button = push_button("", tip)
        self.button.setCheckable(True)
        self.button.toggled.connect(self._toggle)
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 2, 0, 2)
        self.grid.setSpacing(2)
        self._toggle(False)

    @property
    def is_open(self) -> bool:
        """Whether its widgets are shown."""
        return self.button.isChecked()

    def set_open(self, wanted: bool = True) -> None:
        """Show its widgets, or hide them."""
        self.button.setChecked(wanted)

    def _toggle(self, wanted: bool) -> None:
        # As text: an icon keeps the colour that it was drawn in, and vanishes in another theme.
        self.button.setText(f"{_OPEN if wanted else _SHUT} {self._title}")
        self.setVisible(wanted)
        self.toggled.emit(wanted)


class Folds(QWidget):
    """The titles of some folds in one row, and under it the one that is open.

    To open one shuts the other: two would not fit on the screen of a laptop.

    Parameters
    ----------
    folds : sequence of Fold
        From left to right.
    """

    def __init__(self, folds: Sequence[Fold]) -> None:
        super().__init__()
        self._folds = tuple(folds)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        row = QHBoxLayout()
        row.setSpacing(2)
        column.addLayout(row)
        for fold in folds:
            fold.button.setStyleSheet("QPushButton { padding: 3px 2px; }")
            row.addWidget(fold.button)
            column.addWidget(fold)
            fold.toggled.connect(lambda opened, fold=fold: self._toggled(fold, opened))

    def _toggled(self, fold: Fold, opened: bool) -> None:
        for other in self._folds:
            if opened and other is not fold:
                other.set_open(False)
