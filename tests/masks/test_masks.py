"""Masks: from logits to pixels, without crumbs, without overlaps, whole across tiles."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from napari_sam.embeddings.embedding import Embedding, array_shapes
from napari_sam.masks.automatic.everything import segment_tile, stitch_masks
from napari_sam.masks.automatic.overlaps import suppress_overlaps
from napari_sam.masks.decode import Answer, decode, tile_matrices
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.refine import refine
from napari_sam.masks.prompted.predict import home_tiles, inside_boxes, with_middle
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, PromptSet
from napari_sam.tiles.grid import Tile, TileGrid
from tests.tiny import tiny_config

TILE = Tile(plane=(3,), row=0, col=0, y0=100, x0=200, height=90, width=70)
MATRICES = tile_matrices(tiny_config(), TILE.height, TILE.width)


def mask_at(y0: int, x0: int, h: int, w: int, iou: float = 0.9, score: float = 5.0) -> Mask:
    return Mask((3,), (y0, x0, y0 + h, x0 + w), np.ones((h, w), bool), iou, score)


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


def test_crumbs_go_and_clicked_parts_stay() -> None:
    pixels = np.zeros((40, 40), bool)
    pixels[5:25, 5:25] = True
    pixels[30:33, 30:33] = True
    pixels[1, 1] = True
    pixels[10:12, 10:12] = False
    mask = Mask((), (100, 100, 140, 140), pixels, 0.9, 5)
    assert refine(mask).bbox == (105, 105, 125, 125)
    assert refine(mask).area == 400
    kept = refine(mask, [(131.0, 131.2)])
    assert kept.bbox == (105, 105, 133, 133)
    assert kept.area == 409


def test_rings_keep_their_hole() -> None:
    y, x = np.mgrid[:60, :60] - 29.5
    ring = (np.hypot(y, x) < 28) & (np.hypot(y, x) > 18)
    refined = refine(Mask((), (0, 0, 60, 60), ring, 0.9, 5))
    assert refined.area == ring.sum()


def test_better_masks_take_the_pixels() -> None:
    good, worse = mask_at(110, 210, 20, 20, 0.9), mask_at(110, 226, 20, 20, 0.8)
    same = mask_at(111, 211, 18, 18, 0.7)
    unlikely, absent = mask_at(150, 210, 20, 20, 0.3), mask_at(160, 240, 20, 20, 0.9, -4.0)
    kept = list(suppress_overlaps([worse, same, good, unlikely, absent], TILE))
    assert [mask.bbox for mask in kept] == [(110, 210, 130, 230), (110, 230, 130, 246)]


def test_halves_seen_by_two_tiles_become_one() -> None:
    grid = TileGrid(100, 180, tile_size=100, overlap=20)
    left, right = grid.tiles(())
    assert (left.x1, right.x0) == (100, 80)
    a = Mask((), (40, 70, 60, 100), np.ones((20, 30), bool), 0.9, 5)
    b = Mask((), (40, 80, 60, 130), np.ones((20, 50), bool), 0.8, 5)
    other = Mask((), (10, 84, 20, 94), np.ones((10, 10), bool), 0.7, 5)
    whole, alone = stitch_masks([(left, (a,)), (right, (b, other))])
    assert whole.bbox == (40, 70, 60, 130)
    assert whole.area == 20 * 60
    assert alone.bbox == other.bbox


def test_touching_objects_of_one_tile_stay_two() -> None:
    grid = TileGrid(100, 180, tile_size=100, overlap=20)
    left, _ = grid.tiles(())
    found = stitch_masks([(left, (mask_at(0, 0, 20, 20), mask_at(0, 20, 20, 20)))])
    assert len(list(found)) == 2


def test_home_tile_is_where_the_prompt_lies_inwards() -> None:
    grid = TileGrid(3000, 3000, tile_size=1024, overlap=192)
    (tile,) = home_tiles(grid, (PointPrompt((100.0, 840.0)),))
    assert (tile.row, tile.col) == (0, 0)
    (tile,) = home_tiles(grid, (PointPrompt((100.0, 1000.0)),))
    assert (tile.row, tile.col) == (0, 1)
    (tile,) = home_tiles(grid, (BoxPrompt((800.0, 800.0), (1010.0, 1010.0)),))
    assert tile.y0 <= 800
    assert tile.y1 > 1010
    wide = home_tiles(grid, (BoxPrompt((100.0, 100.0), (200.0, 1900.0)),))
    assert [t.col for t in wide] == [0, 1, 2]


def test_embedding_survives_its_arrays(tiny_model: Sam) -> None:
    tile = Tile((), 0, 0, 0, 0, 60, 90)
    with torch.inference_mode():
        features = tiny_model.encode_image(torch.randn(1, 3, 64, 96))
    embedding = Embedding(tile, features)
    arrays = embedding.to_arrays()
    assert {k: v.shape for k, v in arrays.items()} == array_shapes(tiny_model.config, 60, 90)
    again = Embedding.from_arrays(tile, arrays, torch.device("cpu")).features
    assert torch.equal(again.image_embedding, features.image_embedding)
    assert all(map(torch.equal, again.high_res_features, features.high_res_features))
    assert torch.equal(again.proposals, features.proposals)


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


def test_everything_in_a_tile_does_not_overlap(tiny_model: Sam, seen: Embedding) -> None:
    taken = np.zeros((64, 96), int)
    for mask in segment_tile(tiny_model, seen):
        y0, x0, y1, x1 = mask.bbox
        taken[y0:y1, x0:x1] += mask.pixels
    assert taken.max() <= 1


def test_mask_does_not_leave_its_box_unless_clicked_there() -> None:
    mask = Mask((), (0, 0, 100, 100), np.ones((100, 100), bool), 0.9, 5)
    box = BoxPrompt((20.0, 30.0), (59.0, 69.0))
    assert inside_boxes(mask, (box,)).bbox == (14, 24, 66, 76)
    assert inside_boxes(mask, (box, PointPrompt((40.0, 40.0)))).area == 52 * 52
    assert inside_boxes(mask, (box, PointPrompt((90.0, 40.0)))).area == 100 * 100
    assert inside_boxes(mask, (PointPrompt((40.0, 40.0)),)).area == 100 * 100
    far = Mask((), (80, 80, 90, 90), np.ones((10, 10), bool), 0.9, 5)
    assert inside_boxes(far, (box,)).empty


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


def test_a_mask_with_clicks_beside_it_is_also_clicked_in_its_middle() -> None:
    pixels = np.zeros((21, 41), bool)
    pixels[1:20, 1:20] = pixels[7:14, 1:40] = True
    mask = MaskPrompt((), 100, 200, pixels)
    beside = PointPrompt((110.0, 235.0), 0)
    assert with_middle((mask, beside)) == (mask, beside, PointPrompt((110.0, 210.0)))
    # not where the click itself is: the largest circle that it leaves free
    middle = PointPrompt((110.0, 210.0), 0)
    (*own, added) = with_middle((mask, middle))
    assert own == [mask, middle]
    assert added.is_foreground
    y, x = (round(v - start) for v, start in zip(added.position, (100, 200), strict=True))
    assert pixels[y, x]
    assert 3 <= np.hypot(y - 10, x - 10) <= 10
    far = PointPrompt((90.0, 190.0), 0)
    assert with_middle((mask, far)) == (mask, far, PointPrompt((110.0, 210.0)))


def test_what_is_pointed_at_already_is_not_clicked_again() -> None:
    mask = MaskPrompt((), 3, 4, np.ones((9, 9), bool))
    beside, on = PointPrompt((5.0, 5.0), 0), PointPrompt((7.0, 7.0))
    box = BoxPrompt((2.0, 2.0), (14.0, 14.0))
    nothing_left = MaskPrompt((), 5, 5, np.ones((1, 1), bool))
    for prompts in (
        (mask,),
        (on, beside),
        (mask, beside, on),
        (mask, beside, box),
        (nothing_left, beside),
    ):
        assert with_middle(prompts) == prompts
