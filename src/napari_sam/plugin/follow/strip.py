"""Strip: the slices of a followed object as coloured columns."""

from collections.abc import Mapping

from qtpy.QtCore import QRectF, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

_SURE, _UNSURE = QColor("#56b4e9"), QColor("#d55e00")
"""Colours of the surest and of the most unsure slice. Those of Okabe and Ito, which people with a
colour vision deficiency can tell apart."""

_CLICKED, _POSITION, _EMPTY = QColor("#009e73"), QColor("#ffffff"), QColor("#3c4048")
"""Colours of slices with clicks, of the line at the viewer's slice, and of slices without the
object."""

_HEIGHT = 14
"""Height of the strip, screen pixels."""

_MOST_UNSURE = 0.5
"""Doubt from which a slice has the colour of the most unsure slice."""


class Strip(QWidget):
    """A column for each slice; the colour shows the doubt of the model about the object there.

    Signals
    -------
    chosen : int
        Index of the slice that was clicked.
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
        self._size, self._position = 0, 0
        self._values: dict[int, float | None] = {}

    def show_slices(self, size: int, values: Mapping[int, float | None]) -> None:
        """Show the slices of an object.

        Parameters
        ----------
        size : int
            Number of slices in the stack.
        values : mapping of int to float or None
            By index of each slice with the object: doubt from 0 to 1, None for a slice with clicks.
        """
        self._size, self._values = size, dict(values)
        self.update()

    def show_here(self, position: int) -> None:
        """Mark the slice that the viewer shows."""
        self._position = position
        self.update()

    def colour(self, position: int) -> QColor:
        """The colour of a slice."""
        if position not in self._values:
            return _EMPTY
        value = self._values[position]
        return _CLICKED if value is None else _between(_SURE, _UNSURE, value / _MOST_UNSURE)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, Qt's name
        """Draw the columns, and a line at the slice that the viewer shows."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _EMPTY)
        if self._size:
            width = self.width() / self._size
            for position in sorted(self._values, key=self._weight):
                # A pixel wide at least: unsure slices must be visible among a thousand.
                column = QRectF(position * width, 0, max(width, 1.0), _HEIGHT)
                painter.fillRect(column, self.colour(position))
            painter.fillRect(QRectF((self._position + 0.5) * width - 1, 0, 2, _HEIGHT), _POSITION)
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
