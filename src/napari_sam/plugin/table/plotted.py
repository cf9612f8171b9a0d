"""Plotted: places of measured objects in a histogram or a scatter plot; no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from napari_sam.measure.measurements import Measurements

_NO_AXIS = ("label", "t", "unit")
"""Columns that are offered for no axis of a plot: names, and one value for all."""

_MOST_BARS = 100
"""Number of bars of a histogram at most."""

_LARGEST_WHOLE = 1e9
"""Size of whole numbers from which on they have no bars of their own."""

Rows = NDArray[np.intp]
"""Numbers of rows of a table, ``(n,)``."""

Column = NDArray[np.generic]
"""Values of a column of a table, ``(rows,)`` numbers or text."""


@dataclass(frozen=True, slots=True)
class Axes:
    """Columns and scales of a plot, chosen by the user.

    Parameters
    ----------
    x : str
        Column along x.
    y : str
        Column along y; empty for a histogram of `x`.
    log_x, log_y : bool
        Whether an axis is logarithmic; a histogram counts on a linear one.
    """

    x: str
    y: str = ""
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Plotted:
    """Objects with a place in a plot; made by :func:`plotted`.

    Parameters
    ----------
    rows : ndarray
        ``(n,)`` intp, row of each object in the table.
    x : ndarray
        ``(n,)`` float64, its place along x; of a logarithmic axis the logarithm to base 10.
    y : ndarray
        ``(n,)`` float64; of a histogram 0.
    edges : ndarray
        ``(bars + 1,)`` float64, ends of the bars of a histogram; empty for a scatter plot.
    """

    rows: Rows
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    edges: NDArray[np.float64]

    def bars(self) -> NDArray[np.intp]:
        """Bar of each object, ``(n,)`` from 0."""
        last = len(self.edges) - 2
        return np.clip(np.searchsorted(self.edges, self.x, side="right") - 1, 0, last)

    def near(self, x: float, y: float, reach: tuple[float, float]) -> Rows:
        """Rows under a click: the nearest point, or all of the bar.

        Parameters
        ----------
        x, y : float
            The click.
        reach : (float, float)
            Distances along x and y up to which a point counts as clicked.

        Returns
        -------
        ndarray
            Empty beside all points and bars.
        """
        if not len(self.rows):
            return self.rows
        if len(self.edges):
            bar = int(np.searchsorted(self.edges, x, side="right")) - 1
            of_bar = self.rows[self.bars() == bar]
            return of_bar if 0 <= y <= len(of_bar) else of_bar[:0]
        distance = np.hypot((self.x - x) / reach[0], (self.y - y) / reach[1])
        nearest = int(distance.argmin())
        return self.rows[nearest : nearest + (distance[nearest] <= 1)]

    def inside(self, x: tuple[float, float], y: tuple[float, float]) -> Rows:
        """Rows in a rectangle with sides `x` and `y`; in a histogram, rows of all touched bars."""
        if len(self.edges):
            first, last = np.searchsorted(self.edges, x, side="right") - 1
            bars = self.bars()
            return self.rows[(bars >= first) & (bars <= last)]
        in_x = (self.x >= x[0]) & (self.x <= x[1])
        return self.rows[in_x & (self.y >= y[0]) & (self.y <= y[1])]


def axis_columns(table: Measurements) -> list[str]:
    """Names of columns for an axis: numbers with a finite value."""
    return [
        name
        for name, values in table.columns.items()
        if name not in _NO_AXIS and values.dtype.kind in "iuf" and np.isfinite(values).any()
    ]


def plotted(columns: Mapping[str, Column], axes: Axes) -> Plotted:
    """Place the objects of a table in a plot.

    Objects without a value, and of a logarithmic axis those whose value is not above 0, have no
    place.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Columns of a table.
    axes : Axes
        Columns and scales.
    """
    x = _along(columns[axes.x], axes.log_x)
    y = _along(columns[axes.y], axes.log_y) if axes.y else np.zeros(len(x))
    rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    edges = np.zeros(0) if axes.y else _edges(x[rows])
    return Plotted(rows, x[rows], y[rows], edges)


def _along(values: Column, log: bool) -> NDArray[np.float64]:
    places = values.astype(np.float64)
    if not log:
        return places
    return np.log10(places, where=places > 0, out=np.full(len(places), np.nan))


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ends of the bars: one for each of a few whole numbers, else as many as the root of n."""
    if not len(values):
        return np.zeros(0)
    low, high = float(values.min()), float(values.max())
    are_whole = max(-low, high) < _LARGEST_WHOLE and (values == np.round(values)).all()
    if are_whole and high - low < _MOST_BARS:
        return np.arange(low, high + 2) - 0.5
    if high == low:
        half = max(0.5, abs(low) / _LARGEST_WHOLE)
        return np.array([low - half, low + half])
    return np.linspace(low, high, min(_MOST_BARS, ceil(sqrt(len(values)))) + 1)
