"""Strip: the slices of a followed object in a row, and on which of them to look."""

from collections.abc import Mapping

from qtpy.QtCore import QRectF, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

_SURE, _UNSURE = QColor("#56b4e9"), QColor("#d55e00")  # Okabe and Ito: told apart by all eyes
_KNOWN, _HERE, _EMPTY = QColor("#009e73"), QColor("#ffffff"), QColor("#3c4048")
_HEIGHT = 14
_WORST = 0.5  # a slice with half of it in doubt is as orange as can be


class Strip(QWidget):
    """One column a slice: its colour says how much the model disagrees with itself there.

    Signals
    -------
    chosen : int
        The slice that was clicked.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(
            "Slices of the object: green where you clicked, blue where all agree,\n"
            "orange where it is worth a look. Click to go there, or press N."
        )
        self._size, self._here = 0, 0
        self._values: dict[int, float | None] = {}

    def show_slices(self, size: int, values: Mapping[int, float | None]) -> None:
        """Show the slices of an object.

        Parameters
        ----------
        size : int
            How many slices there are in the stack.
        values : mapping of int to float or None
            Slices that the object is on, and from 0 to 1 how unsure they are; None where the user
            showed it.
        """
        self._size, self._values = size, dict(values)
        self.update()

    def show_here(self, position: int) -> None:
        """Mark the slice that the viewer shows."""
        self._here = position
        self.update()

    def colour(self, position: int) -> QColor:
        """The colour of a slice."""
        if position not in self._values:
            return _EMPTY
        value = self._values[position]
        return _KNOWN if value is None else _between(_SURE, _UNSURE, value / _WORST)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, Qt's name
        """Draw the columns, and a line where the viewer is."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _EMPTY)
        if self._size:
            width = self.width() / self._size
            for position in sorted(self._values, key=self._weight):
                # as wide as a pixel at least: of a thousand slices the bad ones must be seen
                column = QRectF(position * width, 0, max(width, 1.0), _HEIGHT)
                painter.fillRect(column, self.colour(position))
            painter.fillRect(QRectF((self._here + 0.5) * width - 1, 0, 2, _HEIGHT), _HERE)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, Qt's name
        """Go to the slice under the mouse."""
        if event is not None and self._size:
            share = event.position().x() / max(self.width(), 1)
            self.chosen.emit(min(max(int(share * self._size), 0), self._size - 1))

    def _weight(self, position: int) -> float:
        value = self._values[position]
        return 2.0 if value is None else value


def _between(first: QColor, second: QColor, share: float) -> QColor:
    share = min(max(share, 0.0), 1.0)
    ends = zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)
    return QColor(*(round((1 - share) * a + share * b) for a, b in ends))
