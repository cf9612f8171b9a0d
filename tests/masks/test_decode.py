"""Decode: prompts of many objects to answers, and answers to masks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import Answer, decode, tile_matrices
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, PromptSet
from napari_sam.tiles.grid import Tile
from tests.tiny import tiny_config

TILE = Tile(plane=(3,), row=0, col=0, y0=100, x0=200, height=90, width=70)
MATRICES = tile_matrices(tiny_config(), TILE.height, TILE.width)


@given(st.integers(0, 2**32 - 1), st.floats(-2, 1))
def test_mask_of_a_crop_equals_the_mask_of_everything(seed: int, bias: float) -> None:
    rng = np.random.default_rng(seed)
    logits = (rng.standard_normal((24, 20)) + bias).astype(np.float32)
    mask = Answer(TILE, logits, 0.5, 1.0, *MATRICES).to_mask()
    tensor = torch.from_numpy(logits)[None, None]
    whole = functional.interpolate(tensor, scale_factor=4, mode="bilinear")[0, 0, :90, :70] > 0
    whole = whole.numpy()
    drawn = np.zeros_like(whole)
    y0, x0, y1, x1 = mask.bbox
    drawn[y0 - 100 : y1 - 100, x0 - 200 : x1 - 200] = mask.pixels
    assert (drawn == whole).all()
    assert mask.plane == (3,)


def test_answer_without_positive_logits_is_an_empty_mask() -> None:
    mask = Answer(TILE, np.full((24, 20), -1, np.float32), 0.1, -3, *MATRICES).to_mask()
    assert mask.empty
    assert mask.object_score == -3


@pytest.fixture
def seen(tiny_model: Sam) -> Embedding:
    tile = Tile((), 0, 0, 0, 0, 64, 96)
    torch.manual_seed(1)
    with torch.inference_mode():
        return Embedding(tile, tiny_model.encode_image(torch.randn(1, 3, 64, 96)))


def test_objects_of_all_kinds_are_answered_in_one_call(tiny_model: Sam, seen: Embedding) -> None:
    objects = {i: (PointPrompt((5.0 * i, 7.0 * i)),) for i in range(1, 12)}
    objects[50] = (BoxPrompt((3.0, 3.0), (30.0, 40.0)),)
    objects[51] = (BoxPrompt((3.0, 3.0), (30.0, 40.0)), PointPrompt((8.0, 8.0), 0))
    answers = decode(tiny_model, seen, PromptSet(objects))
    assert set(answers) == set(objects)
    assert all(len(own) == 1 for own in answers.values())
    alone = decode(tiny_model, seen, PromptSet({7: objects[7]}))[7][0]
    assert np.abs(alone.low_res_logits - answers[7][0].low_res_logits).max() < 1e-4


def test_box_alone_gets_the_best_candidate_where_the_model_says_so(
    tiny_model: Sam, seen: Embedding
) -> None:
    box = PromptSet({1: (BoxPrompt((3.0, 3.0), (30.0, 40.0)),)})
    single = decode(tiny_model, seen, box)[1][0]
    three = decode(tiny_model, seen, box, multimask_output=True)[1]
    tiny_model.policy = replace(tiny_model.policy, best_candidate_for_box=True, mask_threshold=-0.5)
    chosen = decode(tiny_model, seen, box)[1][0]
    best = max(three, key=lambda answer: answer.iou)
    assert chosen.iou == best.iou
    assert np.allclose(chosen.low_res_logits, best.low_res_logits + 0.5)
    click = PromptSet({1: (PointPrompt((3.0, 3.0)),)})
    assert len(decode(tiny_model, seen, click)[1]) == 1
    assert not np.array_equal(single.low_res_logits, chosen.low_res_logits)


def test_one_click_alone_gets_the_best_of_all_masks_where_the_model_says_so(
    tiny_model: Sam, seen: Embedding
) -> None:
    click, other = PointPrompt((20.0, 30.0)), PointPrompt((40.0, 60.0), 0)
    asked = {1: (click,), 2: (click, other), 3: (click, BoxPrompt((5.0, 5.0), (50.0, 70.0)))}
    before = {i: decode(tiny_model, seen, PromptSet({i: own}))[i][0] for i, own in asked.items()}
    three = decode(tiny_model, seen, PromptSet({1: (click,)}), multimask_output=True)[1]
    best = max((before[1], *three), key=lambda answer: answer.iou)
    assert best.iou > before[1].iou  # of these random weights
    tiny_model.policy = replace(tiny_model.policy, best_mask_for_click=True)
    after = {i: decode(tiny_model, seen, PromptSet({i: own}))[i] for i, own in asked.items()}
    assert [len(answers) for answers in after.values()] == [1, 1, 1]
    np.testing.assert_allclose(after[1][0].low_res_logits, best.low_res_logits, atol=1e-5)
    for i in (2, 3):
        np.testing.assert_array_equal(after[i][0].low_res_logits, before[i].low_res_logits)


@given(st.tuples(*[st.integers(0, 3)] * 4), st.integers(0, 2**32 - 1))
def test_an_answer_is_cut_where_it_touches_a_side_inside_the_tile(
    gaps: tuple[int, int, int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.choice([-1.0, -0.5, 1.0], (4, 6), p=[0.8, 0.1, 0.1]).astype(np.float32)
    window = Tile((), 0, 0, 16, 16, 16, 24)
    top, left, bottom, right = gaps
    tile = Tile((), 0, 0, 16 - top, 16 - left, 16 + top + bottom, 24 + left + right)
    inside = logits > 0
    assert Answer(window, logits, 0.5, 1.0, *MATRICES).is_cut(tile) == bool(
        (window.y0 > tile.y0 and inside[0].any())
        or (window.x0 > tile.x0 and inside[:, 0].any())
        or (window.y1 < tile.y1 and inside[-1].any())
        or (window.x1 < tile.x1 and inside[:, -1].any())
    )
