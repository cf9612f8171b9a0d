"""Fold: a section of the dock, shown by a button; Folds: all sections, at most a single open.

superqt's QCollapsible has its title button above its own content, so titles cannot share a row. Its
marks are pixmaps in the text colour of their making, and vanish when napari changes its theme.
"""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from .buttons import push_button

_SHUT, _OPEN = "▸", "▾"

_NOTE = 20
"""Characters of a setting in the title of a section, above which it is cut: names of classes are
as long as users make them."""


class Fold(QWidget):
    """A grid of widgets, shown and hidden by a button.

    Parameters
    ----------
    title : str
        Text of the button.
    tip : str
        Tooltip of the button: what the section has.

    Attributes
    ----------
    button : QPushButton
        Checked while the section is open; its place is the title row of :class:`Folds`.
    grid : QGridLayout
        Gets the widgets of the section.

    Signals
    -------
    toggled : bool
        True when the section opens, False when it shuts.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, tip: str) -> None:
        super().__init__()
        self._title, self._note = title, ""
        self.button = push_button("", tip)
        self.button.setCheckable(True)
        self.button.toggled.connect(self._toggle)
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 2, 0, 2)
        self.grid.setSpacing(2)
        self._toggle(False)

    def set_open(self, is_open: bool = True) -> None:
        """Show the section, or hide it."""
        self.button.setChecked(is_open)

    def show_note(self, settings: Sequence[str]) -> None:
        """Show settings that are not at their default in the title, while the section is shut.

        Parameters
        ----------
        settings : sequence of str
            A few words for each. The title has room for the first, and counts the others.
        """
        more = f" + {len(settings) - 1}" if len(settings) > 1 else ""
        first = settings[0] if settings else ""
        cut = first if len(first) <= _NOTE else f"{first[:_NOTE]}…"
        self._note = f": {cut}{more}" if settings else ""
        self._show_title()

    def _show_title(self) -> None:
        is_open = self.button.isChecked()
        # As text: an icon keeps the colour that it was drawn in, and vanishes in another theme.
        title = self._title if is_open else f"{self._title}{self._note}"
        self.button.setText(f"{_OPEN if is_open else _SHUT} {title}")

    def _toggle(self, is_open: bool) -> None:
        self._show_title()
        self.setVisible(is_open)
        self.toggled.emit(is_open)


class Folds(QWidget):
    """The titles of all sections in a row, and the open section below.

    Opening a section shuts the open one: two do not fit on a screen of 800 pixels.

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
        titles = QHBoxLayout()
        titles.setSpacing(2)
        column.addLayout(titles)
        for fold in folds:
            fold.button.setStyleSheet("QPushButton { padding: 3px 2px; }")
            titles.addWidget(fold.button)
            column.addWidget(fold)
            fold.toggled.connect(lambda is_open, fold=fold: self._shut_others(fold, is_open))

    def _shut_others(self, opened: Fold, is_open: bool) -> None:
        for fold in self._folds:
            if is_open and fold is not opened:
                fold.set_open(False)
