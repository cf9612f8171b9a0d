"""The pixels that acceptance writes, counted before it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam.labels.paint import OverlapPolicy, next_free_label, paint_object
from napari_sam.masks.mask import Mask
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.objects.held import Held
from napari_sam.plugin.objects.writable import WritableCount, accepted_as, writable

SHAPE = (2, 6, 7)
LABELS = arrays(np.uint32, SHAPE, elements=st.integers(0, 3))
PIXELS = arrays(bool, SHAPE)


def masks_of(pixels: np.ndarray) -> list[Mask]:
    return [Mask((z,), (0, 0, 6, 7), plane, 0.9, 3.0) for z, plane in enumerate(pixels)]


@given(LABELS, PIXELS, st.sampled_from(OverlapPolicy), st.sampled_from([0, 2]))
def test_as_many_pixels_as_acceptance_writes(
    labels: np.ndarray, pixels: np.ndarray, policy: OverlapPolicy, label: int
) -> None:
    before, masks = labels.copy(), masks_of(pixels)
    count = writable(masks, labels, Acceptance(policy, label), None)
    np.testing.assert_array_equal(labels, before)  # only read
    for edit in paint_object(masks, labels, label or next_free_label(labels), policy):
        edit.apply(labels)
    assert count.pixels == int((labels != before).sum())
    assert count.area == int(pixels.sum())
    only_background = policy is OverlapPolicy.ONLY_BACKGROUND
    assert count.refused == (only_background and count.area > 0 and count.pixels == 0)


@given(LABELS, PIXELS, st.sampled_from(OverlapPolicy))
def test_a_label_that_is_put_back_is_counted_whole(
    labels: np.ndarray, pixels: np.ndarray, policy: OverlapPolicy
) -> None:
    masks, held = masks_of(pixels), Held(3, {})
    how = Acceptance(policy, 1, of_class="neuron")
    count = writable(masks, labels, how, held)
    as_held = accepted_as(how, held)
    assert (as_held.label, as_held.of_class) == (3, "")
    for edit in paint_object(masks, labels, 3, as_held.policy):
        edit.apply(labels)
    assert count.pixels == int((labels[pixels] == 3).sum())
    assert not count.refused  # a correction never is


def test_a_large_object_is_counted_anew_after_each_change_of_labels_or_masks() -> None:
    labels = np.zeros((40, 3, 3), np.uint32)
    masks = [Mask((z,), (0, 0, 3, 3), np.ones((3, 3), bool), 0.9, 3.0) for z in range(40)]
    count, how = WritableCount(), Acceptance()
    assert count.of(masks, labels, how, None, version=0).pixels == 360
    labels[0] = 5
    assert count.of(masks, labels, how, None, version=0).pixels == 360  # nobody said so
    assert count.of(masks, labels, how, None, version=1).pixels == 351
    assert count.of(masks[1:], labels, how, None, version=1).pixels == 351
    assert count.of(masks[2:], labels, how, None, version=1).pixels == 342
    replacing = Acceptance(OverlapPolicy.REPLACE)
    assert count.of(masks, labels, replacing, None, version=1).pixels == 360


@pytest.mark.parametrize("policy", OverlapPolicy)
def test_a_new_object_is_accepted_as_chosen(policy: OverlapPolicy) -> None:
    how = Acceptance(policy, 4)
    assert accepted_as(how, None) is how
