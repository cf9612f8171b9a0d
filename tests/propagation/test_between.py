"""Masks between two planes, and of two walks that meet."""

from dataclasses import replace

import numpy as np

from napari_sam.propagation.between import blend, join
from napari_sam.propagation.ending import overlap
from tests.masks.drawing import disc, full


def test_halfway_between_two_discs_is_a_disc_of_mean_radius() -> None:
    small, large = disc(48, 48, 6, (0,)), disc(48, 48, 12, (2,))
    middle = blend(small, large, 0.5, (1,))
    assert middle.plane == (1,)
    assert overlap(middle, disc(48, 48, 9)) > 0.95
    np.testing.assert_array_equal(full(blend(small, large, 0.0, (0,))), full(small))
    np.testing.assert_array_equal(full(blend(small, large, 1.0, (2,))), full(large))


def test_of_two_walks_the_nearer_and_the_surer_one_counts_more() -> None:
    up, down = disc(48, 48, 6, (3,)), disc(48, 48, 14, (3,))
    np.testing.assert_array_equal(full(join(up, down, 0.0)), full(up))
    np.testing.assert_array_equal(full(join(up, down, 1.0)), full(down))
    for share, radius in ((0.25, 8), (0.5, 10), (0.75, 12)):
        joined = join(up, down, share)
        assert joined.plane == (3,)
        assert overlap(joined, disc(48, 48, radius)) > 0.95
    sure = join(up, replace(down, iou=0.3), 0.5)  # 0.9 to 0.3
    assert overlap(sure, disc(48, 48, 8)) > 0.95
