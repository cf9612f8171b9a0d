"""Between the carried mask and the answer, leaks are refused and growth is followed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.masks.mask import Mask
from napari_sam.propagation.ending import overlap
from napari_sam.propagation.reconcile import reconcile
from tests.masks.drawing import disc, full


def test_a_leak_is_not_followed_and_a_little_growth_is() -> None:
    carried = disc(48, 48, 12)
    leak = Mask((0,), (0, 0, 96, 96), full(carried) | (np.mgrid[:96, :96][0] > 52), 0.9, 5.0)
    kept = reconcile(carried, leak, 0.4)
    assert overlap(kept, carried) > 0.8
    grown = reconcile(carried, disc(48, 48, 15), 0.4)
    assert carried.area < grown.area < disc(48, 48, 15).area
    for trust, expected in ((0.0, carried), (1.0, leak)):
        np.testing.assert_array_equal(full(reconcile(carried, leak, trust)), full(expected))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(10, 50), st.integers(10, 50), st.integers(1, 14)),
        min_size=1,
        max_size=4,
    ),
    st.floats(0, 1),
)
def test_where_the_model_sees_what_is_expected_nothing_changes(
    discs: list[tuple[int, int, int]], trust: float
) -> None:
    pixels = np.any([full(disc(*one, size=64), (64, 64)) for one in discs], axis=0)
    mask = Mask((0,), (0, 0, 64, 64), pixels, 0.9, 5.0).tight()
    np.testing.assert_array_equal(full(reconcile(mask, mask, trust), (64, 64)), pixels)


def test_a_neighbour_that_the_model_takes_along_is_left_out_whole() -> None:
    carried, neighbour = disc(30, 30, 12), disc(66, 66, 14)
    both = Mask((0,), (0, 0, 96, 96), full(carried) | full(neighbour), 0.7, 3.0)
    kept = reconcile(carried, both, 0.4)
    np.testing.assert_array_equal(full(kept), full(carried))
    assert (kept.iou, kept.object_score) == (0.7, 3.0)
