"""LabelEdit: done, taken back and done again, without touching anything else."""

import numpy as np
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from napari.layers import Labels

from napari_sam.labels import LabelEdit

SHAPE = (2, 6, 7)


@st.composite
def edits(draw: st.DrawFn) -> tuple[np.ndarray, LabelEdit]:
    """Labels, and an edit of them."""
    labels = draw(arrays(np.uint32, SHAPE))
    y0, x0 = draw(st.integers(0, 5)), draw(st.integers(0, 6))
    y1, x1 = draw(st.integers(y0, 6)), draw(st.integers(x0, 7))
    plane = draw(st.integers(0, 1))
    size = (y1 - y0, x1 - x0)
    mask, new = draw(arrays(bool, size)), draw(arrays(np.uint32, size))
    old = labels[plane, y0:y1, x0:x1].copy()
    return labels, LabelEdit((plane,), (y0, x0, y1, x1), mask, old, new)


@settings(deadline=None)
@given(edits())
def test_apply_writes_the_masked_pixels_and_no_others(case):
    labels, edit = case
    expected = labels.copy()
    for y, x in np.argwhere(edit.mask):
        expected[edit.plane[0], edit.bbox[0] + y, edit.bbox[1] + x] = edit.new[y, x]
    edit.apply(labels)
    assert (labels == expected).all()


@settings(deadline=None)
@given(edits())
def test_the_inverse_restores_the_labels_exactly(case):
    labels, edit = case
    before = labels.copy()
    edit.apply(labels)
    after = labels.copy()
    edit.inverse().apply(labels)
    assert (labels == before).all()
    edit.inverse().inverse().apply(labels)
    assert (labels == after).all()


@settings(deadline=None)
@given(edits())
def test_indices_and_values_are_the_edit_for_napari(case):
    labels, edit = case
    layer = Labels(labels.copy())
    edit.apply(labels)
    if not edit.empty:
        layer.data_setitem(edit.indices(), edit.values())
    assert (layer.data == labels).all()
    assert len(edit.values()) == edit.area


def test_zarr_labels_are_edited_in_place():
    array = zarr.create_array(
        zarr.storage.MemoryStore(), shape=(3, 40, 40), chunks=(1, 16, 16), dtype="uint32"
    )
    mask = np.array([[True, False], [True, True]])
    old, new = np.zeros((2, 2), np.uint32), np.full((2, 2), 9, np.uint32)
    edit = LabelEdit((2,), (15, 15, 17, 17), mask, old, new)
    edit.apply(array)
    assert array[2, 15:17, 15:17].tolist() == [[9, 0], [9, 9]]
    assert int(array[:].sum()) == 27
    edit.inverse().apply(array)
    assert int(array[:].sum()) == 0
