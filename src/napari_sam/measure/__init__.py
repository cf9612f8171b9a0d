"""Measure: tables and outlines of labels, for spreadsheets and other programs."""

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
