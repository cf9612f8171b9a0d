"""Corrections: what of a change belongs to the click, and which changes are suspicious."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.correction import FAR_SHARE, NEW_OBJECT, REACH, correction_by
from napari_sam.prompts.prompt import PointPrompt


def mask_of(pixels: np.ndarray, y0: int = 0, x0: int = 0) -> Mask:
    h, w = pixels.shape
    return Mask((2,), (y0, x0, y0 + h, x0 + w), pixels, iou=0.8, object_score=3.0)


def full(mask: Mask, shape: tuple[int, int]) -> np.ndarray:
    return mask.within((0, 0, *shape))


def bar(*columns: int, shape: tuple[int, int] = (5, 40)) -> np.ndarray:
    """Rows 1 to 3 of some columns."""
    pixels = np.zeros(shape, bool)
    pixels[1:4, list(columns)] = True
    return pixels


def test_a_background_click_that_empties_the_other_end_is_suspicious() -> None:
    before, after = mask_of(bar(*range(30))), mask_of(bar(*range(5, 22)))
    correction = correction_by(PointPrompt((2, 2, 27), 0), before, after)
    assert correction.changed == 13 / 30
    # the click is 2 pixels from the background: columns 23 to 29 are within twice that
    assert correction.is_suspicious
    kept = full(correction.near_only, (5, 40))
    assert kept[2].nonzero()[0].tolist() == list(range(23))
    assert (correction.near_only.plane, correction.near_only.low_res_logits) == ((2,), None)


def test_a_change_around_the_click_alone_is_not_suspicious() -> None:
    before, after = mask_of(bar(*range(20))), mask_of(bar(*range(24)))
    correction = correction_by(PointPrompt((2, 2, 22)), before, after)
    assert (correction.changed, correction.far) == (4 / 20, 0)
    assert not correction.is_suspicious
    np.testing.assert_array_equal(full(correction.near_only, (5, 40)), bar(*range(24)))


def test_a_mask_that_doubles_is_another_object() -> None:
    before, after = mask_of(bar(*range(10))), mask_of(bar(*range(36)))
    correction = correction_by(PointPrompt((2, 2, 12)), before, after)
    assert correction.changed > NEW_OBJECT
    assert correction.far > FAR_SHARE
    assert not correction.is_suspicious


def test_an_answer_without_pixels_leaves_the_rest_of_the_mask() -> None:
    before = mask_of(bar(*range(30)))
    correction = correction_by(PointPrompt((2, 2, 28), 0), before, mask_of(np.zeros((5, 40), bool)))
    assert correction.is_suspicious
    assert correction.changed == 1
    assert 0 < correction.near_only.area < before.area


def test_a_click_where_the_mask_was_right_keeps_it() -> None:
    before, after = mask_of(bar(*range(30))), mask_of(bar(*range(15)))
    correction = correction_by(PointPrompt((2, 2, 10)), before, after)
    assert correction.is_suspicious
    np.testing.assert_array_equal(full(correction.near_only, (5, 40)), bar(*range(30)))


def test_an_empty_mask_has_no_correction() -> None:
    with pytest.raises(ValueError, match="empty mask"):
        correction_by(
            PointPrompt((2, 1, 1)), mask_of(np.zeros((3, 3), bool)), mask_of(np.ones((3, 3), bool))
        )


SHAPE = (12, 14)
PIXELS = arrays(bool, SHAPE)


@settings(deadline=None)  # a machine under load
@given(PIXELS, PIXELS, st.integers(0, 11), st.integers(0, 13), st.integers(0, 1), st.data())
def test_only_pixels_near_the_click_change_and_only_as_it_wants(
    old: np.ndarray, new: np.ndarray, y: int, x: int, label: int, data: st.DataObject
) -> None:
    if not old.any():
        old[data.draw(st.integers(0, 11)), 3] = True
    before, after = mask_of(old, 3, 4).tight(), mask_of(new, 3, 4)
    correction = correction_by(PointPrompt((2, y + 3, x + 4), label), before, after)
    kept = correction.near_only.within((3, 4, 15, 18))
    assert correction.near_only.area == np.count_nonzero(kept)  # nothing outside of both masks
    differs = kept ^ old
    assert not (differs & (old if label else ~old)).any()
    assert (kept[y, x], differs.any()) in ((bool(label), True), (bool(label), False))
    rows, cols = np.nonzero(differs)
    distance = np.hypot(rows - y, cols - x)
    right = np.pad(old, 20) if label else ~np.pad(old, 20)
    reach = np.hypot(*(np.argwhere(right) - 20 - (y, x)).T).min()
    assert (distance <= max(2.0, REACH * reach)).all()
    area = np.count_nonzero(old)
    assert correction.changed == np.count_nonzero(old ^ new) / area
    assert 0 <= correction.far <= correction.changed
