"""Which objects a click or a rectangle in the plot means, and where objects are looked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam.image.volume import Volume
from napari_sam.measure.measure import measure
from napari_sam.measure.measurements import Measurements
from napari_sam.plugin.table.object_rows import ObjectRows
from napari_sam.plugin.table.plotted import Axes, axis_columns, plotted

NAN = np.nan


def columns(**values: list[float]) -> dict[str, np.ndarray]:
    return {name: np.array(each) for name, each in values.items()}


def test_a_click_means_the_nearest_point_within_reach() -> None:
    points = plotted(columns(a=[1, 2, NAN, 4], b=[10, 20, 30, 40]), Axes("a", "b"))
    assert points.rows.tolist() == [0, 1, 3]
    assert points.near(2.2, 19, (1, 10)).tolist() == [1]
    assert points.near(3, 30, (0.5, 5)).tolist() == []
    assert points.near(3.6, 39, (0.5, 5)).tolist() == [3]


def test_a_rectangle_means_the_points_inside() -> None:
    points = plotted(columns(a=[1, 2, 3, 4], b=[10, 20, 30, 40]), Axes("a", "b"))
    assert points.inside((1.5, 4), (0, 30)).tolist() == [1, 2]
    assert points.inside((5, 6), (0, 90)).tolist() == []


def test_on_a_logarithmic_axis_only_values_above_0_have_a_place() -> None:
    points = plotted(columns(a=[1, 0, 100, -5], b=[1, 2, 3, 4]), Axes("a", "b", log_x=True))
    assert points.rows.tolist() == [0, 2]
    assert points.x.tolist() == [0, 2]
    assert points.y.tolist() == [1, 3]


def test_each_whole_number_has_its_bar_and_a_click_on_it_means_all_of_it() -> None:
    bars = plotted(columns(n=[0, 2, 2, 5]), Axes("n"))
    assert bars.edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert bars.near(2.3, 1.5, (1, 1)).tolist() == [1, 2]
    assert bars.near(2.3, 2.5, (1, 1)).tolist() == []  # above the bar
    assert bars.near(9, 1, (1, 1)).tolist() == []
    assert bars.inside((-3, 2), (0, 1)).tolist() == [0, 1, 2]


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e300, 1e300)))
def test_every_object_is_in_one_bar(values: np.ndarray) -> None:
    bars = plotted({"a": values}, Axes("a"))
    assert bars.rows.tolist() == list(range(len(values)))
    assert len(bars.edges) <= 101 + 1
    of_bar = bars.bars()
    for place, bar in zip(values, of_bar, strict=True):
        assert bars.edges[bar] <= place <= bars.edges[bar + 1]


def test_axes_are_numbers_of_which_there_are_any() -> None:
    table = Measurements(
        columns(label=[1, 2], area=[1.5, 2.5], perimeter=[NAN, NAN], pixels=[1, 2])
        | {"unit": np.array(["um", "um"], object)}
    )
    assert axis_columns(table) == ["area", "pixels"]


def test_axes_carry_the_unit_of_their_values() -> None:
    labels = np.ones((2, 4, 4), np.uint8)
    volume = Volume.from_array(labels, axes="ZYX", scale=(2, 1, 1), units=("um",) * 3)
    table = measure(labels, volume.calibration)
    units = {name: table.unit_of(name) for name in ("volume", "contact_area", "centroid_z")}
    assert units == {"volume": "um³", "contact_area": "um²", "centroid_z": "um"}
    assert table.unit_of("solidity") == table.unit_of("pixels") == ""
    mixed = Volume.from_array(labels[0], units=("um", "s"))
    assert measure(labels[0], mixed.calibration).unit_of("area") == ""


@pytest.mark.parametrize(("shown", "plane"), [((0, 1), (1, 1)), ((1, 0), (1, 2)), ((5, 9), (1, 2))])
def test_an_object_is_looked_for_in_the_shown_slice_and_else_where_it_is_largest(
    shown: tuple[int, int], plane: tuple[int, int]
) -> None:
    labels = np.zeros((2, 4, 9, 9), np.uint8)
    labels[0, 0, :2, :2], labels[1, 1, 3:5, 3:5], labels[1, 2, 3:7, 3:7] = 4, 4, 4
    rows = ObjectRows(measure(labels, Volume.from_array(labels, axes="TZYX").calibration))
    assert list(rows.keys([0, 1])) == [(4, 0), (4, 1)]
    assert rows.row_of(4, 1).tolist() == [1]
    assert rows.row_of(4, 7).tolist() == [0]
    assert rows.row_of(5, 0).tolist() == []
    assert rows.bbox(1) == (3, 3, 7, 7)
    assert rows.plane(1, labels, "TZ", shown) == plane
    labels[1] = 0
    assert rows.plane(1, labels, "TZ", shown) is None
