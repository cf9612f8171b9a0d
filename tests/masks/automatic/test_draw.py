"""Draw: many masks at once are, pixel for pixel, those drawn and refined one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from napari_sam.masks.automatic import draw as module
from napari_sam.masks.automatic.draw import draw
from napari_sam.masks.decode import Answer, tile_matrices
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.refine import refine
from napari_sam.tiles.grid import Tile
from tests.tiny import tiny_config

SIZES = ((64, 64), (96, 64), (64, 50), (33, 96))


def answers_of(seeds: list[tuple[int, int, float]]) -> list[Answer]:
    """Blobs with holes, crumbs and pieces, in windows of several sizes; some are empty."""
    answers = []
    for seed, size, roughness in seeds:
        rng = np.random.default_rng(seed)
        height, width = SIZES[size]
        shape = (-(-height // 16) * 4, -(-width // 16) * 4)
        logits = gaussian_filter(rng.normal(size=shape), roughness) / 0.1 - rng.random()
        tile = Tile((3,), 0, 0, *rng.integers(0, 900, 2).tolist(), height, width)
        matrices = tile_matrices(tiny_config(), height, width)
        answers.append(Answer(tile, logits.astype(np.float32), rng.random(), 2.0, *matrices))
    return answers


def are_equal(a: Mask, b: Mask) -> bool:
    same = (a.plane, a.bbox, a.iou, a.object_score) == (b.plane, b.bbox, b.iou, b.object_score)
    return same and np.array_equal(a.pixels, b.pixels) and a.low_res_logits is b.low_res_logits


blobs = st.lists(
    st.tuples(st.integers(0, 2**20), st.integers(0, 3), st.sampled_from([0.0, 0.6, 1.0, 2.0, 4.0])),
    max_size=12,
)


@given(blobs)
def test_masks_are_those_drawn_one_by_one(seeds: list[tuple[int, int, float]]) -> None:
    answers = answers_of(seeds)
    masks = draw(answers)
    assert len(masks) == len(answers)
    for mask, answer in zip(masks, answers, strict=True):
        assert are_equal(mask, refine(answer.to_mask()))
        assert mask.pixels.base is None  # a small mask does not keep all masks alive


def test_neither_sheets_nor_batches_change_a_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = answers_of([(i, i % 4, (0.6, 1.0, 2.0)[i % 3]) for i in range(120)])
    at_once = draw(answers)
    assert sum(mask.empty for mask in at_once) < 20
    one_by_one = [refine(answer.to_mask()) for answer in answers]
    # what the refinement is for occurs
    assert any(a.to_mask().area < m.area for a, m in zip(answers, one_by_one, strict=True))
    assert any(a.to_mask().area > m.area for a, m in zip(answers, one_by_one, strict=True))
    monkeypatch.setattr(module, "SHEET", 3000)
    monkeypatch.setattr(module, "PIXELS_AT_ONCE", 3 * 64 * 64)
    for masks in (at_once, draw(answers)):
        assert all(are_equal(a, b) for a, b in zip(masks, one_by_one, strict=True))


def test_no_answer_no_mask() -> None:
    assert draw([]) == []
    (empty,) = answers_of([(0, 0, 1.0)])
    empty.low_res_logits[:] = -1
    assert draw([empty])[0].empty
    assert are_equal(draw([empty])[0], refine(empty.to_mask()))
