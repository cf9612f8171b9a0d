"""Fold: a section of the dock, shown by a button; Folds: all sections, at most a single open.

The marks of superqt's QCollapsible are pixmaps in the text colour of their making, and vanish when
napari changes its theme.
"""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

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
        Checked while the section is open; :class:`Folds` puts it above the section.
    grid : QGridLayout
        Gets the widgets of the section.

    Signals
    -------
    opening
        The section is about to be shown.
    toggled : bool
        True when the section opens, False when it shuts.
    """

    opening = Signal()
    toggled = Signal(bool)

    def __init__(self, title: str, tip: str) -> None:
        super().__init__()
        self._title, self._note = title, ""
        self.button = push_button("", tip)
        self.button.setCheckable(True)
        # a note in the title is cut rather than making the dock wider, and the canvas narrower
        self.button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
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
        if is_open:
            self.opening.emit()
        self.setVisible(is_open)
        self.toggled.emit(is_open)


class Folds(QWidget):
    """All sections one below the other, each under its title.

    Opening a section first shuts the open one: two do not fit on a screen of 800 pixels, and a
    window that was made larger for a moment stays so.

    Parameters
    ----------
    folds : sequence of Fold
        From top to bottom.

    Signals
    -------
    opened : Fold
        A section was opened.
    """

    opened = Signal(object)

    def __init__(self, folds: Sequence[Fold]) -> None:
        super().__init__()
        self._folds = tuple(folds)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for fold in folds:
            fold.button.setStyleSheet("QPushButton { padding: 3px 6px; text-align: left; }")
            column.addWidget(fold.button)
            column.addWidget(fold)
            fold.opening.connect(lambda fold=fold: self._shut_others(fold))
            fold.toggled.connect(lambda is_open, fold=fold: self._announce(fold, is_open))

    def _shut_others(self, opened: Fold) -> None:
        for fold in self._folds:
            if fold is not opened:
                fold.set_open(False)

    def _announce(self, fold: Fold, is_open: bool) -> None:
        if is_open:
            self.opened.emit(fold)
