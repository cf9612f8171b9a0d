"""One table of several: rows below each other, and nothing where a table lacks a column."""

import numpy as np

from napari_sam.measure.join import join
from napari_sam.measure.measurements import Measurements


def test_rows_are_below_each_other_and_missing_columns_are_empty() -> None:
    first = Measurements({"label": np.array([3, 5]), "area": np.array([1.5, 2.5])})
    second = Measurements({"label": np.array([4]), "class": np.array(["round"])})
    joined = join([first.with_cells({"well": "A1"}), second.with_cells({"well": "B03"})])
    assert list(joined.columns) == ["well", "label", "area", "class"]
    rows = list(joined.rows())
    assert [(row["well"], row["label"], row["class"]) for row in rows] == [
        ("A1", 3, ""),
        ("A1", 5, ""),
        ("B03", 4, "round"),
    ]
    np.testing.assert_array_equal(joined.columns["area"], [1.5, 2.5, np.nan])


def test_a_table_without_rows_adds_none() -> None:
    empty = Measurements({"label": np.array([], int)})
    joined = join([empty.with_cells({"well": "A1"}), Measurements({"label": np.array([2])})])
    assert list(joined.rows()) == [{"well": "", "label": 2}]
