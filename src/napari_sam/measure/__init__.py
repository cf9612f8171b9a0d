"""Measure: labels to numbers and outlines, for spreadsheets and for other programs."""

from .measure import iter_measure, measure
from .measurements import Measurements
from .outlines import Outline, outlines
from .write_outlines import write_outlines
from .write_table import write_table

__all__ = [
    "Measurements",
    "Outline",
    "iter_measure",
    "measure",
    "outlines",
    "write_outlines",
    "write_table",
]
