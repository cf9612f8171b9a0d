"""Paint: which pixels a mask gets, and labels that do not fit."""

import dask.array
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam.errors import LabelError
from napari_sam.labels import OverlapPolicy, next_free_label, paint
from napari_sam.labels.paint import free_objects, paint_object
from napari_sam.masks.mask import Mask

KEEP, REPLACE = OverlapPolicy.KEEP_EXISTING, OverlapPolicy.REPLACE
BACKGROUND = OverlapPolicy.ONLY_BACKGROUND


def square(plane=(), bbox=(1, 1, 4, 4)) -> Mask:
    y0, x0, y1, x1 = bbox
    return Mask(plane, bbox, np.ones((y1 - y0, x1 - x0), bool), iou=1.0, object_score=1.0)


def test_existing_objects_keep_their_pixels():
    labels = np.zeros((5, 5), np.uint32)
    labels[:, :2] = 3
    edit = paint(square(), labels, 7)
    assert labels.max() == 3, "painting itself changes nothing"
    edit.apply(labels)
    assert labels.tolist() == [
        [3, 3, 0, 0, 0],
        [3, 3, 7, 7, 0],
        [3, 3, 7, 7, 0],
        [3, 3, 7, 7, 0],
        [3, 3, 0, 0, 0],
    ]
    assert edit.area == 6


def test_replace_takes_the_pixels():
    labels = np.zeros((5, 5), np.uint32)
    labels[:, :2] = 3
    paint(square(), labels, 7, REPLACE).apply(labels)
    assert labels[1:4, :5].tolist() == [[3, 7, 7, 7, 0]] * 3


def test_zero_erases_with_replace_and_never_otherwise():
    labels = np.full((5, 5), 3, np.uint32)
    assert paint(square(), labels, 0, KEEP).empty
    paint(square(), labels, 0, REPLACE).apply(labels)
    assert int((labels == 0).sum()) == 9


def test_only_on_background_an_object_is_painted_whole_or_not_at_all():
    labels = np.zeros((2, 4, 4), np.uint32)
    labels[0, 0] = 3
    wide = Mask((0,), (0, 0, 4, 4), np.ones((4, 4), bool), 1.0, 1.0)
    assert paint(wide, labels, 7, BACKGROUND).area == 12, "a quarter of it is on others"
    labels[0, 1, 0] = 3
    assert paint(wide, labels, 7, BACKGROUND).empty
    other = Mask((1,), (0, 0, 4, 4), np.ones((4, 4), bool), 1.0, 1.0)
    areas = [edit.area for edit in paint_object([wide, other], labels, 7, BACKGROUND)]
    assert areas == [11, 16], "of all of the object it is less than a quarter"
    labels[1] = 4
    assert [edit.area for edit in paint_object([wide, other], labels, 7, BACKGROUND)] == [0, 0]
    assert paint(wide, labels, 3, BACKGROUND).area == 11, "its own label is no other"


def test_of_many_objects_those_on_others_are_left_out():
    numbers = np.array([[1, 1, 1, 1, 0, 2, 2]], np.uint32)
    old = np.array([[9, 0, 0, 0, 9, 9, 0]], np.uint32)
    assert free_objects(numbers, old).tolist() == [[True] * 4 + [False] * 3]


def test_painting_what_is_there_already_is_no_edit():
    labels = np.full((5, 5), 7, np.uint32)
    assert paint(square(), labels, 7, REPLACE).empty


def test_only_the_plane_of_the_mask_changes():
    labels = np.zeros((2, 3, 5, 5), np.uint8)
    paint(square(plane=(1, 2)), labels, 255).apply(labels)
    assert np.argwhere(labels.any(axis=(2, 3))).tolist() == [[1, 2]]
    assert labels.max() == 255


@settings(deadline=None)
@given(
    arrays(np.uint32, (6, 6), elements=st.integers(0, 3)),
    arrays(bool, (4, 3)),
    st.integers(0, 4),
    st.sampled_from(OverlapPolicy),
)
def test_policies_pixel_by_pixel_and_undo(labels, pixels, label, policy):
    before = labels.copy()
    mask = Mask((), (1, 2, 5, 5), pixels, iou=1.0, object_score=1.0)
    under = before[1:5, 2:5][pixels]
    others = int(((under != 0) & (under != label)).sum())
    allowed = policy is not BACKGROUND or 4 * others <= pixels.sum()
    edit = paint(mask, labels, label, policy)
    edit.apply(labels)
    for y in range(6):
        for x in range(6):
            inside = 1 <= y < 5 and 2 <= x < 5 and pixels[y - 1, x - 2]
            painted = inside and (policy is REPLACE or before[y, x] == 0) and allowed
            assert labels[y, x] == (label if painted else before[y, x])
    assert edit.area == int((labels != before).sum())
    edit.inverse().apply(labels)
    assert (labels == before).all()


def test_zarr_labels_are_painted_a_region_at_a_time():
    labels = zarr.create_array(
        zarr.storage.MemoryStore(), shape=(10**6, 10**6), chunks=(64, 64), dtype="uint32"
    )
    far = (999_990, 999_990, 10**6, 10**6)
    paint(square(bbox=far), labels, 5).apply(labels)
    assert int(labels[-11:, -11:].sum()) == 500


@pytest.mark.parametrize(
    ("dtype", "label", "message"),
    [
        ("uint8", 256, "256 does not fit into uint8 labels, whose largest is 255"),
        ("uint32", 2**32, "4294967296 does not fit into uint32"),
        ("int16", 40_000, "40000 does not fit into int16"),
        ("uint32", -1, "label -1 is negative"),
        ("uint32", 1.5, "1.5 is not a whole number"),
        ("float32", 1, "labels of type float32 hold no objects"),
        ("bool", 1, "labels of type bool hold no objects"),
    ],
)
def test_labels_that_do_not_fit(dtype, label, message):
    with pytest.raises(LabelError, match=message):
        paint(square(), np.zeros((5, 5), dtype), label)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (square(bbox=(1, 1, 6, 4)), "lies outside of the labels"),
        (square(bbox=(-1, 1, 3, 4)), "lies outside of the labels"),
        (square(plane=(0,)), "a mask of 3 dimensions does not fit"),
    ],
)
def test_masks_that_do_not_fit(mask, message):
    with pytest.raises(LabelError, match=message):
        paint(mask, np.zeros((5, 5), np.uint32), 1)


def test_a_plane_that_is_not_there():
    with pytest.raises(LabelError, match="lies outside of the labels"):
        paint(square(plane=(2,)), np.zeros((2, 5, 5), np.uint32), 1)


def test_next_free_label():
    labels = np.zeros((3, 40, 50), np.int32)
    assert next_free_label(labels) == 1
    labels[2, 39, 49] = 12
    labels[0, 0, 0] = -4
    assert next_free_label(labels) == 13
    assert next_free_label(dask.array.from_array(labels, chunks=(1, 16, 16))) == 13


def test_next_free_label_of_full_labels():
    with pytest.raises(LabelError, match="label 256 does not fit into uint8"):
        next_free_label(np.full((2, 2), 255, np.uint8))
