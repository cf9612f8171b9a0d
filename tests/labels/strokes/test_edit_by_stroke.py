"""Labels are split, merged, enlarged and cut by a line: exact pixels, for lines of all kinds."""

from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label as pieces_of

from napari_sam.errors import LabelError
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.strokes.edit_by_stroke import edit_by_stroke
from napari_sam.labels.strokes.stroke_action import StrokeAction
from napari_sam.labels.strokes.stroke_change import StrokeChange
from napari_sam.masks.mask import Mask

ALL_SIDES = np.ones((3, 3), bool)


def two_cells() -> np.ndarray:
    """Label 3 with a hole, and 7 beside it, two pixels away."""
    labels = np.zeros((40, 60), np.uint32)
    labels[5:25, 10:40] = 3
    labels[12:16, 20:24] = 0
    labels[5:25, 42:52] = 7
    return labels


def after(labels: np.ndarray, change: StrokeChange) -> np.ndarray:
    changed = labels.copy()
    change.apply(changed)
    return changed


def drawn(points: Any, action: str | None = None, **options: Any) -> np.ndarray:
    labels = two_cells()
    return after(labels, edit_by_stroke(labels, points, action=action, **options))


# --- split -----------------------------------------------------------------------------------


def test_a_line_across_splits_and_the_largest_part_keeps_its_number() -> None:
    labels = two_cells()
    change = edit_by_stroke(labels, [(0, 30.2), (30, 29.8)])
    expected = labels.copy()
    expected[5:25, 31:40] = 8
    assert change.action is StrokeAction.SPLIT
    changed = after(labels, change)
    np.testing.assert_array_equal(changed, expected)
    assert change.areas == {3: int((changed == 3).sum()), 8: int((changed == 8).sum())}
    assert change.parts == {8: 3}
    np.testing.assert_array_equal(labels, two_cells())


def test_a_line_through_the_hole_and_one_that_crosses_again_and_again() -> None:
    assert np.unique(drawn([(0, 22), (30, 22)])).tolist() == [0, 3, 7, 8]
    change = edit_by_stroke(two_cells(), [(2, 15), (28, 15), (28, 28), (2, 28), (2, 34), (28, 34)])
    assert list(change.masks) == [3, 8, 9, 10]
    assert sorted(change.areas.values(), reverse=True) == list(change.areas.values())
    assert sum(change.areas.values()) == int((two_cells() == 3).sum())


@pytest.mark.parametrize(
    "points",
    [
        [(15, 4), (15, 30)],  # ends inside
        [(15, 12), (15, 36)],  # begins and ends inside, through the hole
        [(15, 25), (15, 30)],  # wholly inside
        [(7, 12), (7.5, 12)],  # hardly longer than a click
    ],
)
def test_a_line_that_ends_inside_is_drawn_on_to_the_border(points: Any) -> None:
    labels = two_cells()
    change = edit_by_stroke(labels, points, action="split" if len(points) > 2 else None)
    assert change.action is StrokeAction.SPLIT
    assert len(change.masks) == 2
    assert sum(change.areas.values()) == int((labels == 3).sum())


def test_a_label_at_the_border_of_the_image_is_split_by_a_line_from_outside() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[0:10, 0:12] = 1
    change = edit_by_stroke(labels, [(-6, 5), (14, 5)])
    assert change.areas == {1: 70, 2: 50}
    expected = labels.copy()
    expected[:10, :5] = 2
    np.testing.assert_array_equal(after(labels, change), expected)


def test_a_chosen_split_divides_every_label_that_the_line_crosses() -> None:
    change = edit_by_stroke(two_cells(), [(8, 0), (8, 60)], action="split")
    assert change.parts == {8: 3, 9: 7}
    changed = after(two_cells(), change)
    assert set(np.unique(changed[5:25, 42:52])) == {7, 9}


def test_a_line_that_begins_in_the_neighbour_splits_only_what_it_crosses() -> None:
    change = edit_by_stroke(two_cells(), [(10, 45), (10, 5)], action="split")
    assert change.parts == {8: 3}


def test_crumbs_beside_a_wavy_line_are_no_parts() -> None:
    labels = np.zeros((60, 60), np.uint16)
    labels[10:50, 10:50] = 1
    wavy = [(5, 30), *((10 + (i % 2) * 0.9, 30 + i * 0.1) for i in range(8)), (55, 30)]
    assert len(edit_by_stroke(labels, wavy, action="split").masks) == 2


def test_the_model_divides_by_masks_with_a_point_in_each_part() -> None:
    labels, asked = two_cells(), []

    def predict(plane: Any, points: Any) -> dict[int, Mask]:
        asked.append((plane, points))
        halves = {}
        for part, (y, x) in points.items():
            assert labels[y, x] == 3
            x0 = 0 if x < 22 else 30  # the model sees the border at 30, not at the line
            pixels = np.ones((40, 30), bool)
            halves[part] = Mask((), (0, x0, 40, x0 + 30), pixels, 0.9, 3.0)
        return halves

    change = edit_by_stroke(labels, [(0, 22), (30, 22)], predict=predict)
    expected = labels.copy()
    expected[5:25, 30:40] = 8
    np.testing.assert_array_equal(after(labels, change), expected)
    assert [plane for plane, _ in asked] == [()]


def test_where_the_model_sees_nothing_both_parts_are_there() -> None:
    def predict(plane: Any, points: Any) -> dict[int, Mask]:
        empty = Mask((), (0, 0, 1, 1), np.zeros((1, 1), bool), 0.0, -3.0)
        return dict.fromkeys(points, empty)

    change = edit_by_stroke(two_cells(), [(0, 22), (30, 22)], predict=predict)
    assert len(change.masks) == 2
    assert sum(change.areas.values()) == int((two_cells() == 3).sum())


# --- merge, add, cut -------------------------------------------------------------------------


def test_a_stroke_through_several_joins_them_under_the_largest() -> None:
    labels = two_cells()
    labels[30:34, 30:34] = 9
    change = edit_by_stroke(labels, [(10, 45), (22, 36), (32, 32)])
    assert (change.action, change.label, change.merged) == (StrokeAction.MERGE, 3, (7, 9))
    np.testing.assert_array_equal(after(labels, change), np.where(labels > 0, 3, 0))
    assert change.areas == {3: int((labels > 0).sum())}


def test_a_stroke_out_and_back_adds_free_pixels_alone() -> None:
    changed = drawn([(10, 35), (2, 35), (2, 46), (10, 46)], "add")
    expected = two_cells()
    expected[2:25, 35:47] = np.where(expected[2:25, 35:47] == 0, 3, expected[2:25, 35:47])
    inside = np.zeros_like(expected, bool)
    inside[2:11, 35:47] = True
    np.testing.assert_array_equal(changed, np.where(inside, expected, two_cells()))
    automatic = edit_by_stroke(two_cells(), [(10, 15), (2, 15), (2, 30), (10, 30)])
    assert automatic.action is StrokeAction.ADD
    assert automatic.areas == {3: int((two_cells() == 3).sum()) + 3 * 16}


def test_a_bay_is_filled_and_the_hole_stays() -> None:
    labels = np.zeros((30, 30), np.uint32)
    labels[5:25, 5:25] = 2
    labels[5:15, 10:20] = 0  # a bay, open at the top
    labels[20:22, 12:14] = 0  # a hole
    change = edit_by_stroke(labels, [(6, 7), (6, 22)], action="add")
    expected = labels.copy()
    expected[6:15, 10:20] = 2
    np.testing.assert_array_equal(after(labels, change), expected)


def test_what_another_label_cuts_off_is_not_added() -> None:
    labels = np.zeros((20, 40), np.uint32)
    labels[5:15, 2:10] = 1
    labels[0:20, 14:18] = 2
    changed = after(
        labels, edit_by_stroke(labels, [(8, 6), (8, 25), (12, 25), (12, 6)], action="add")
    )
    assert np.all(changed[8:13, 10:14] == 1)
    assert not np.any(changed[:, 18:])
    np.testing.assert_array_equal(changed[:, 14:18], labels[:, 14:18])


def test_a_cut_across_takes_the_smaller_part_and_a_loop_what_it_encloses() -> None:
    changed = drawn([(0, 30), (30, 30)], "cut")
    labels = two_cells()
    assert np.all(changed[5:25, 31:40] == 0)
    np.testing.assert_array_equal(changed[:, :30], labels[:, :30])
    changed = drawn([(18, 30), (18, 36), (22, 36), (22, 30), (18.4, 30)], "cut")
    expected = two_cells()
    expected[18:23, 30:37] = 0
    np.testing.assert_array_equal(changed, expected)


def test_a_cut_says_what_is_gone() -> None:
    change = edit_by_stroke(
        two_cells(), [(18, 30), (18, 36), (22, 36), (22, 30), (18, 30)], action="cut"
    )
    assert change.areas[0] == 5 * 7
    assert change.areas[3] + change.areas[0] == int((two_cells() == 3).sum())


# --- through the slices ----------------------------------------------------------------------


def stack() -> np.ndarray:
    """Label 4 on slices 1 to 4, moving to the right, and once more on slice 6; 5 beside it."""
    labels = np.zeros((8, 30, 40), np.uint32)
    for z in (1, 2, 3, 4, 6):
        labels[z, 5:25, 8 + z : 24 + z] = 4
    labels[:, 5:25, 32:38] = 5
    return labels


def test_a_split_goes_through_the_slices_without_a_gap() -> None:
    labels = stack()
    change = edit_by_stroke(labels, [(0, 16), (29, 16)], plane=(2,), axis=0)
    changed = after(labels, change)
    for z in (1, 2, 3, 4):
        sides = changed[z, 5:25]
        assert set(np.unique(sides[:, 8 + z : 16])) == {6}
        assert set(np.unique(sides[:, 17 : 24 + z])) == {4}
    np.testing.assert_array_equal(changed[[0, 5, 6, 7]], labels[[0, 5, 6, 7]])
    assert change.planes == 4
    alone = edit_by_stroke(labels, [(0, 16), (29, 16)], plane=(2,))
    assert {edit.plane for edit in alone.edits} == {(2,)}


def test_a_slice_that_lies_on_one_side_of_the_line_goes_to_that_side() -> None:
    labels = np.zeros((3, 20, 40), np.uint32)
    labels[0, 5:15, 5:30] = 1
    labels[1, 5:15, 22:30] = 1  # right of the line alone
    labels[2, 5:15, 5:12] = 1  # apart: not reached from slice 1
    change = edit_by_stroke(labels, [(0, 20), (19, 20)], plane=(0,), axis=0)
    changed = after(labels, change)
    right = changed[0, 8, 28]
    assert np.all(changed[1, 5:15, 22:30] == right)
    np.testing.assert_array_equal(changed[2], labels[2])


def test_merge_and_cut_go_through_the_slices_on_request() -> None:
    labels = stack()
    change = edit_by_stroke(labels, [(10, 15), (10, 34)], plane=(3,), axis=0)
    changed = after(labels, change)
    assert change.label == 4
    assert np.all(changed[:, 5:25, 32:38] == 4)
    cut = after(labels, edit_by_stroke(labels, [(9, 0), (9, 30)], (3,), "cut", axis=0))
    for z in (1, 2, 3, 4):
        assert not np.any(cut[z, 5:9][labels[z, 5:9] == 4])
    np.testing.assert_array_equal(cut[6], labels[6])


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "action", "line"),
    [
        ([], None, "the stroke is empty: draw a line over a label"),
        ([(10, 20)], None, "the stroke is a single point: draw a line over a label"),
        ([(10, 20), (10, 20)], None, "the stroke is a single point: draw a line over a label"),
        ([(-9, -9), (-1, -4)], None, "the stroke lies outside of the image"),
        ([(1e9, 0), (1e9, 5)], None, "the stroke lies outside of the image"),
        ([(30, 5), (30, 50)], None, "there is no label under the stroke: draw it over one"),
        ([(30, 5), (30, 50)], "split", "there is no label under the stroke"),
        ([(30, 5), (30, 50)], "merge", "there is no label under the stroke"),
        ([(30, 5), (30, 50)], "add", "there is no label under the stroke"),
        ([(30, 5), (30, 50)], "cut", "there is no label under the stroke"),
        ([(10, 12), (10, 18)], "merge", "there is only label 3 under the stroke"),
        ([(10, 12), (10, 18)], "add", "the stroke encloses no free pixel beside label 3"),
        ([(10, 12), (10, 18)], "cut", "the stroke takes nothing of label 3 away"),
        ([(0, 22), (30, 22)], "slice", "'slice' is no action of a stroke: use one of split, mer"),
        ([(0, np.nan), (1, 1)], None, "a stroke is a list of points"),
        ([(0, 1, 2), (1, 1, 2)], None, "a stroke is a list of points"),
        ("line", None, "a stroke is a list of points"),
    ],
)
def test_a_stroke_that_changes_nothing_is_a_line(points: Any, action: Any, line: str) -> None:
    labels = two_cells()
    with pytest.raises(LabelError) as error:
        edit_by_stroke(labels, points, action=action)
    assert str(error.value).startswith(line)
    np.testing.assert_array_equal(labels, two_cells())


def test_a_label_without_room_for_a_number_is_not_split() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[5:15, 5:15] = 255
    with pytest.raises(LabelError, match="256 does not fit into uint8 labels"):
        edit_by_stroke(labels, [(0, 10), (19, 10)])


def test_a_plane_that_is_not_there() -> None:
    with pytest.raises(LabelError, match="outside of the image"):
        edit_by_stroke(stack(), [(0, 10), (19, 10)], plane=(8,))


# --- what is read ----------------------------------------------------------------------------


class Watched:
    """Labels on disk that note how many pixels were read."""

    def __init__(self, labels: Any) -> None:
        self._labels, self.pixels = labels, 0
        self.shape, self.dtype, self.ndim = labels.shape, labels.dtype, labels.ndim

    def __getitem__(self, index: Any) -> Any:
        block = self._labels[index]
        self.pixels += block.size
        return block

    def __setitem__(self, index: Any, value: Any) -> None:
        self._labels[index] = value


@pytest.mark.parametrize(
    "points", [[(20_050, 10), (20_050, 39_990)], [(19_990, 19_990), (20_120, 20_150)]]
)
def test_of_a_slide_only_boxes_around_line_and_label_are_read(points: Any) -> None:
    store = zarr.create_array({}, shape=(40_000, 40_000), chunks=(512, 512), dtype="uint32")
    store[20_000:20_100, 20_000:20_150] = 5
    labels = Watched(store)
    change = edit_by_stroke(labels, points, first=6)
    assert change.areas.keys() == {5, 6}
    assert labels.pixels < 400_000
    change.apply(labels)
    block = store[19_990:20_110, 19_990:20_160]
    assert int((block > 0).sum()) == 100 * 150
    assert set(np.unique(block)) == {0, 5, 6}


# --- classes ---------------------------------------------------------------------------------


def test_parts_inherit_a_given_class_and_merged_labels_lose_theirs() -> None:
    table = ClassTable().add("neuron").add("glia").assign({3: "neuron", 7: "glia"})
    split = edit_by_stroke(two_cells(), [(0, 30), (30, 30)])
    assert split.classes(table) == {8: "neuron"}
    merge = edit_by_stroke(two_cells(), [(10, 30), (10, 48)])
    assert table.assign(merge.classes(table)).of_label == {3: "neuron"}
    predicted = table.assign({3: ""}).predict({3: ("glia", 0.8)})
    assert split.classes(predicted) == {8: ""}


# --- any labels, any line --------------------------------------------------------------------

coordinate = st.floats(-6, 30)
points_of_lines = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=6)


@st.composite
def scenes(draw: st.DrawFn) -> np.ndarray:
    """Three slices with blobs, holes and crumbs of a few labels."""
    seed = draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    labels = np.zeros((3, 24, 24), np.uint16)
    for label in rng.permutation(5)[: draw(st.integers(1, 4))] + 1:
        y, x, h, w = rng.integers(0, 16, 2).tolist() + rng.integers(3, 14, 2).tolist()
        labels[:, y : y + h, x : x + w] = label
    labels[rng.random(labels.shape) < draw(st.sampled_from([0, 0.05, 0.3]))] = 0
    return labels


@settings(max_examples=150, deadline=None)
@given(
    scenes(), points_of_lines, st.sampled_from([None, *StrokeAction]), st.sampled_from([None, 0])
)
def test_any_stroke_changes_what_it_says(
    labels: np.ndarray, points: Any, action: StrokeAction | None, axis: int | None
) -> None:
    before = labels.copy()
    try:
        change = edit_by_stroke(labels, points, (1,), action, axis=axis)
    except LabelError:
        np.testing.assert_array_equal(labels, before)
        return
    changed = after(labels, change)
    np.testing.assert_array_equal(labels, before)
    assert change.fits(labels)
    assert not change.fits(changed)
    assert action in (None, change.action)
    planes = {edit.plane for edit in change.edits}
    assert (planes == {(1,)}) if axis is None else ((1,) in planes or len(planes) > 0)

    for edit in reversed(change.edits):  # undo
        edit.inverse().apply(changed)
    np.testing.assert_array_equal(changed, before)
    change.apply(changed)

    for number, masks in change.masks.items():  # what the preview shows is what is written
        for mask in masks:
            y0, x0, y1, x1 = mask.bbox
            assert np.all(
                changed[(*mask.plane, slice(y0, y1), slice(x0, x1))][mask.pixels] == number
            )
    if change.action is StrokeAction.SPLIT:
        for old in {*change.parts.values()}:
            parts = [new for new, label in change.parts.items() if label == old]
            np.testing.assert_array_equal(np.isin(changed, [old, *parts]), before == old)
            areas = [int((changed == part).sum()) for part in parts]
            assert all(areas)
            inherited = sum(mask.area for mask in change.masks[old])
            assert inherited >= max(areas)
        others = ~np.isin(before, list(change.parts.values()))
        np.testing.assert_array_equal(changed[others], before[others])
    elif change.action is StrokeAction.MERGE:
        expected = np.where(np.isin(before, change.merged), change.label, before)
        if axis is None:
            expected[[0, 2]] = before[[0, 2]]
            np.testing.assert_array_equal(changed[1], expected[1])
        assert np.all((changed == before) | (changed == change.label))
    elif change.action is StrokeAction.ADD:
        differs = changed != before
        assert np.all(before[differs] == 0)
        assert np.all(changed[differs] == change.label)
        for plane in np.flatnonzero(differs.any(axis=(1, 2))):
            joined, _ = pieces_of(changed[plane] == change.label, ALL_SIDES)
            assert set(joined[differs[plane]]) <= set(joined[before[plane] == change.label])
    else:
        differs = changed != before
        assert np.all(before[differs] == change.label)
        assert not np.any(changed[differs])
