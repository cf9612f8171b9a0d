"""ObjectPlot: histogram or scatter plot of objects by pyqtgraph, with clicks and rectangles."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from napari.utils.theme import get_theme
from numpy.typing import NDArray
from pyqtgraph.exporters import ImageExporter
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent, MouseDragEvent
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QImage

from .plotted import Axes, Plotted, Rows

_SIZE = 7
"""Diameter of a point, screen pixels."""

_REACH = 8
"""Screen pixels from a point within which a click is meant for the point."""

_OPAQUE = 160
"""Opacity of points, 0 to 255: dense places are seen."""

_WIDTH = 1600
"""Pixels of the width of a saved picture."""

_ADDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
"""Keys to hold for adding to what is chosen."""


class _Axis(pg.AxisItem):
    """An axis that writes the numbers 1, 2 and 5 of each decade, where it is logarithmic."""

    def logTickStrings(  # noqa: N802
        self, values: Sequence[float], scale: float, spacing: float
    ) -> list[str]:
        """Numbers at places that are logarithms to base 10; most stay without."""
        numbers = [f"{10**value:.3g}" for value in values]
        digits = [f"{10 ** (value % 1):.2g}" for value in values]
        return [
            number if digit in ("1", "2", "5", "10") else ""
            for number, digit in zip(numbers, digits, strict=True)
        ]


class _ViewBox(pg.ViewBox):
    """The plotted area: a drag with the left button draws a rectangle instead of moving the plot.

    The wheel zooms, and the middle button moves, as in pyqtgraph.

    Signals
    -------
    clicked : QPointF, bool
        Place of a click, and whether a key for adding was held.
    enclosed : QRectF, bool
        A rectangle, in the same coordinates.
    """

    clicked = Signal(QPointF, bool)
    enclosed = Signal(QRectF, bool)

    def mouseClickEvent(self, ev: MouseClickEvent) -> None:  # noqa: N802
        """Tell where the left button clicked."""
        if ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.clicked.emit(self.mapToView(ev.pos()), bool(ev.modifiers() & _ADDING))

    def mouseDragEvent(self, ev: MouseDragEvent, axis: int | None = None) -> None:  # noqa: N802
        """Draw the rectangle, and tell it at the end."""
        if ev.button() != Qt.MouseButton.LeftButton or axis is not None:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        start, now = ev.buttonDownPos(), ev.pos()
        if not ev.isFinish():
            self.updateScaleBox(start, now)
            return
        self.rbScaleBox.hide()
        corners = self.mapToView(start), self.mapToView(now)
        self.enclosed.emit(QRectF(*corners).normalized(), bool(ev.modifiers() & _ADDING))


class _Points(pg.ScatterPlotItem):
    """Points without clicks: the area below finds the nearest point of all groups.

    Parameters
    ----------
    x, y : ndarray
        ``(n,)`` places.
    **look
        Size, pen and brush.
    """

    def __init__(self, x: Sequence[float] = (), y: Sequence[float] = (), **look: object) -> None:
        super().__init__(x=x, y=y, pxMode=True, **look)

    def mouseClickEvent(self, ev: MouseClickEvent) -> None:  # noqa: N802
        """Leave the click to the area below."""
        ev.ignore()


class ObjectPlot(pg.PlotWidget):
    """Draws :class:`Plotted` objects, in the colours of their classes.

    Signals
    -------
    chosen : ndarray, bool
        Rows that the user clicked on or enclosed; whether they are added to those before.
    """

    chosen = Signal(object, bool)

    def __init__(self) -> None:
        area = _ViewBox(enableMenu=False)
        super().__init__(viewBox=area, axisItems={side: _Axis(side) for side in ("bottom", "left")})
        nothing = np.zeros(0)
        self._area, self._drawn = area, Plotted(nothing.astype(np.intp), *3 * [nothing])
        self._marks = _Points(size=_SIZE + 4, brush=None)
        self._chosen_bars = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None)
        area.clicked.connect(self._click)
        area.enclosed.connect(self._enclose)
        self.setMinimumSize(120, 60)

    def show_theme(self, name: str) -> None:
        """Take the colours of a theme of napari; chosen objects have the colour of its text."""
        theme = get_theme(name)
        text = theme.text.as_hex("long")
        self.setBackground(theme.background.as_hex("long"))
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(text)
            axis.setTextPen(text)
        self._marks.setPen(pg.mkPen(text, width=2))
        self._chosen_bars.setOpts(brush=text)

    def draw(
        self,
        drawn: Plotted,
        axes: Axes,
        names: tuple[str, str],
        colours: Sequence[str],
        groups: Rows,
    ) -> None:
        """Draw objects, and the axes around all of them.

        Parameters
        ----------
        drawn : Plotted
            The objects.
        axes : Axes
            Columns and scales of the axes.
        names : (str, str)
            What stands at x and at y.
        colours : sequence of str
            ``#rrggbb`` of each group.
        groups : ndarray
            ``(n,)`` index into `colours` for each object of `drawn`.
        """
        self._drawn = drawn
        item = self.getPlotItem()
        item.clear()
        item.setLabel("bottom", names[0])
        item.setLabel("left", names[1])
        item.getAxis("bottom").setLogMode(axes.log_x)
        item.getAxis("left").setLogMode(bool(axes.y) and axes.log_y)
        if axes.y:
            self._draw_points(colours, groups)
        else:
            self._draw_bars(colours, groups)
        self.show_chosen(np.zeros(0, np.intp))
        item.enableAutoRange()

    def _draw_points(self, colours: Sequence[str], groups: Rows) -> None:
        for group, colour in enumerate(colours):
            brush = QColor(colour)
            brush.setAlpha(_OPAQUE)
            of_group = groups == group
            x, y = self._drawn.x[of_group], self._drawn.y[of_group]
            self.addItem(_Points(x, y, size=_SIZE, pen=None, brush=brush))
        self.addItem(self._marks)

    def _draw_bars(self, colours: Sequence[str], groups: Rows) -> None:
        drawn = self._drawn
        below = np.zeros(max(0, len(drawn.edges) - 1))
        for group, colour in enumerate(colours):
            heights = self._heights(groups == group)
            self.addItem(self._bars(below, heights, colour))
            below = below + heights
        self.addItem(self._chosen_bars)

    def _heights(self, counted: NDArray[np.bool_]) -> NDArray[np.float64]:
        bars = max(0, len(self._drawn.edges) - 1)
        of_bars = self._drawn.bars()[counted] if bars else np.zeros(0, np.intp)
        return np.bincount(of_bars, minlength=bars).astype(np.float64)

    def _bars(
        self, below: NDArray[np.float64], heights: NDArray[np.float64], colour: str
    ) -> pg.BarGraphItem:
        edges = self._drawn.edges
        return pg.BarGraphItem(
            x0=edges[:-1], x1=edges[1:], y0=below, height=heights, brush=colour, pen=None
        )

    def show_chosen(self, rows: Rows) -> None:
        """Mark the points of these rows, or their share of the bars."""
        drawn = self._drawn
        is_chosen = np.isin(drawn.rows, rows)
        if not len(drawn.edges):
            self._marks.setData(x=drawn.x[is_chosen], y=drawn.y[is_chosen])
            return
        heights = self._heights(is_chosen)
        self._chosen_bars.setOpts(
            x0=drawn.edges[:-1], x1=drawn.edges[1:], y0=0 * heights, height=heights
        )

    def picture(self) -> QImage:
        """The plot as an image, larger than on the screen."""
        exporter = ImageExporter(self.getPlotItem())
        exporter.parameters()["width"] = _WIDTH
        image: QImage = exporter.export(toBytes=True)
        return image

    def _click(self, at: QPointF, adding: bool) -> None:
        width, height = self._area.viewPixelSize()
        reach = _REACH * width, _REACH * height
        self.chosen.emit(self._drawn.near(at.x(), at.y(), reach), adding)

    def _enclose(self, within: QRectF, adding: bool) -> None:
        x, y = (within.left(), within.right()), (within.top(), within.bottom())
        self.chosen.emit(self._drawn.inside(x, y), adding)
