"""Prompt arrays: the prompts of several objects in one tile, as the prompt encoder takes them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam.prompts.arrays import MASK_LOGIT, prompt_arrays, restrict
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, PromptSet
from napari_sam.tiles.frame import Frame
from napari_sam.tiles.grid import Tile

TILE = Tile((4,), 0, 1, y0=100, x0=200, height=64, width=48)
FRAME = Frame(TILE)


def test_points_are_xy_in_the_tile_and_padded():
    found = prompt_arrays(
        PromptSet(
            {
                5: (PointPrompt((4, 110, 203)), PointPrompt((4, 120.5, 201), label=0)),
                2: (PointPrompt((4, 100, 200)),),
            }
        ),
        FRAME,
    )
    assert found.ids == (5, 2)
    assert found.point_coords is not None
    assert found.point_labels is not None
    assert (found.point_coords.dtype, found.point_labels.dtype) == (np.float32, np.int64)
    assert found.point_coords.tolist() == [[[3, 10], [1, 20.5]], [[0, 0], [0, 0]]]
    assert found.point_labels.tolist() == [[1, 0], [1, -1]]
    assert found.boxes is None
    assert found.mask_input is None


def test_boxes_are_xyxy_corners():
    found = prompt_arrays(PromptSet({1: (BoxPrompt((4, 130, 240), (4, 105, 210)),)}), FRAME)
    assert found.boxes is not None
    assert found.boxes.dtype == np.float32
    assert found.boxes.tolist() == [[[10, 5], [40, 30]]]
    assert found.point_coords is None
    assert found.point_labels is None


def test_a_box_over_the_border_ends_with_the_tile():
    found = prompt_arrays(PromptSet({1: (BoxPrompt((4, 0, 0), (4, 120, 900)),)}), FRAME)
    assert found.boxes is not None
    assert found.boxes.tolist() == [[[0, 0], [47, 20]]]


def test_several_boxes_of_an_object_are_one_around_them():
    boxes = (BoxPrompt((4, 105, 210), (4, 110, 220)), BoxPrompt((4, 120, 205), (4, 130, 215)))
    found = prompt_arrays(PromptSet({1: boxes}), FRAME)
    assert found.boxes is not None
    assert found.boxes.tolist() == [[[5, 5], [20, 30]]]


def test_a_mask_becomes_logits_at_a_quarter_of_the_size():
    mask = MaskPrompt((4,), 108, 204, np.ones((8, 6), bool))
    found = prompt_arrays(PromptSet({1: (mask,)}), FRAME)
    expected = np.full((16, 12), -MASK_LOGIT, np.float32)
    expected[2:4, 1] = MASK_LOGIT
    expected[2:4, 2] = 0  # half of these cells
    assert found.mask_input is not None
    assert found.mask_input.dtype == np.float32
    np.testing.assert_array_equal(found.mask_input, expected[None])


def test_padding_around_a_small_tile_is_outside_of_the_mask():
    frame = Frame(Tile((), 0, 0, 0, 0, height=5, width=18))
    found = prompt_arrays(PromptSet({1: (MaskPrompt((), 0, 0, np.ones((5, 18), bool)),)}), frame)
    assert found.mask_input is not None
    assert found.mask_input.shape == (1, 4, 8)
    assert found.mask_input[0, 0].tolist() == [6, 6, 6, 6, 0, -6, -6, -6]
    assert found.mask_input[0, 1].tolist() == [-3, -3, -3, -3, -4.5, -6, -6, -6]
    assert (found.mask_input[0, 2:] == -6).all()


def test_masks_of_one_object_are_joined_where_they_overlap():
    masks = (
        MaskPrompt((4,), 100, 200, np.ones((8, 8), bool)),
        MaskPrompt((4,), 104, 200, np.ones((8, 8), bool)),
    )
    found = prompt_arrays(PromptSet({1: masks}), FRAME)
    joined = prompt_arrays(
        PromptSet({1: (MaskPrompt((4,), 100, 200, np.ones((12, 8), bool)),)}), FRAME
    )
    assert found.mask_input is not None
    np.testing.assert_array_equal(found.mask_input, joined.mask_input)


@settings(deadline=None)
@given(
    pixels=arrays(bool, (30, 40)),
    y0=st.integers(60, 180),
    x0=st.integers(150, 260),
)
def test_the_part_of_a_mask_in_the_tile_is_what_counts(pixels, y0, x0):
    plane = np.zeros((300, 400), bool)
    plane[y0 : y0 + 30, x0 : x0 + 40] = pixels
    inside = plane[100:164, 200:248].reshape(16, 4, 12, 4).mean(axis=(1, 3))
    found = prompt_arrays(PromptSet({1: (MaskPrompt((4,), y0, x0, pixels),)}), FRAME)
    assert found.mask_input is not None
    np.testing.assert_allclose(found.mask_input[0], MASK_LOGIT * (2 * inside - 1), atol=1e-5)


def test_all_kinds_together_keep_the_order_of_objects():
    def own(y: float) -> tuple[BoxPrompt, MaskPrompt, PointPrompt]:
        box = BoxPrompt((4, y, 200), (4, y + 8, 208))
        return box, MaskPrompt((4,), int(y), 200, np.ones((4, 4), bool)), PointPrompt((4, y, 200))

    found = prompt_arrays(PromptSet({8: own(104), 3: own(120)}), FRAME)
    assert found.ids == (8, 3)
    assert found.point_coords is not None
    assert found.boxes is not None
    assert found.mask_input is not None
    assert found.point_coords[:, 0].tolist() == [[0, 4], [0, 20]]
    assert found.boxes[:, 0].tolist() == [[0, 4], [0, 20]]
    assert [np.argwhere(logits > 0).tolist() for logits in found.mask_input] == [[[1, 0]], [[5, 0]]]


@pytest.mark.parametrize(
    "other",
    [BoxPrompt((4, 105, 210), (4, 110, 220)), MaskPrompt((4,), 108, 204, np.ones((8, 6), bool))],
)
def test_objects_with_different_kinds_of_prompts_are_refused(other):
    with pytest.raises(ValueError, match="different kinds"):
        prompt_arrays(PromptSet({1: (PointPrompt((4, 110, 210)),), 2: (other,)}), FRAME)


def test_prompts_that_do_not_reach_the_tile_are_left_out():
    inside = PointPrompt((4, 163, 247))
    across = BoxPrompt((4, 0, 0), (4, 101, 201))
    mask = MaskPrompt((4,), 90, 190, np.ones((11, 11), bool))
    away = (
        PointPrompt((4, 164, 247)),
        PointPrompt((4, 99, 200)),
        BoxPrompt((4, 0, 0), (4, 50, 900)),
        MaskPrompt((4,), 90, 190, np.ones((10, 11), bool)),
    )
    assert restrict((inside, *away, across, mask), TILE) == (inside, across, mask)
