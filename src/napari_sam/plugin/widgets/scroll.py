"""Scroll: a column of widgets that scrolls where the window is too low for all of them."""

from qtpy.QtCore import QEvent, QObject, QSize, Qt, QTimer
from qtpy.QtWidgets import QFrame, QScrollArea, QStyle, QWidget

_LOWEST = 120
"""Height below which the column does not shrink, screen pixels."""


class Scroll(QScrollArea):
    """A scroll area as wide as its content, which never makes the window higher.

    A plain QScrollArea prefers at most 24 lines of height and 36 letters of width, and may be
    narrower than its content, whose right side would be cut off.

    Parameters
    ----------
    content : QWidget
        The column.
    narrowest : int
        Width of the content below which the area does not shrink, screen pixels.
    """

    def __init__(self, content: QWidget, narrowest: int = 0) -> None:
        super().__init__()
        self._narrowest = narrowest
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # arrow keys go on to the canvas
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(content)
        self._content = content
        content.installEventFilter(self)
        self._part: tuple[QWidget, QWidget] = content, content
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._show_part)

    def sizeHint(self) -> QSize:  # noqa: N802, Qt's name
        """All of the content, with room for the bar."""
        return QSize(self._width(), self._content.sizeHint().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802, Qt's name
        """The whole width of the content, with room for the bar, and some lines of it."""
        return QSize(self._width(), _LOWEST)

    def show_widgets(self, first: QWidget, last: QWidget) -> None:
        """Scroll to a part of the column, once the layout has given all widgets their places.

        Parameters
        ----------
        first, last : QWidget
            Widgets at the upper and the lower end of the part. If not all of it fits, the upper end
            is shown.
        """
        self._part = first, last
        self._soon.start()

    def eventFilter(  # noqa: N802, Qt's name
        self, watched: QObject | None, event: QEvent | None
    ) -> bool:
        """Pass a new size of the content on to the layout around this area."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def _width(self) -> int:
        bar, style = self.verticalScrollBar(), self.style()
        width = max(self._narrowest, self._content.minimumSizeHint().width())
        width += 2 * self.frameWidth()
        if bar is not None and style is not None:
            gap = style.pixelMetric(QStyle.PixelMetric.PM_ScrollView_ScrollBarSpacing, None, self)
            width += bar.sizeHint().width() + gap
        return width

    def _show_part(self) -> None:
        first, last = self._part
        if first.isVisible() and last.isVisible():
            bottom = last.mapTo(self._content, last.rect().bottomLeft()).y() + 1
            self.ensureVisible(0, bottom, 0, 0)
            self.ensureVisible(0, first.mapTo(self._content, first.rect().topLeft()).y(), 0, 0)
