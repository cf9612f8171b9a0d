"""Own prompts: a lone click or box, answered again with what the model predicts itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_sam import BoxPrompt, MaskPrompt, PointPrompt, Session
from napari_sam.embeddings.embedding import Embedding
from napari_sam.learning.prompts import own_boxes
from napari_sam.masks.automatic.propose import read_boxes
from napari_sam.masks.decode import Answer, decode, tile_frame, tile_matrices
from napari_sam.masks.mean import LARGEST_LOGIT, agreement, best_of, mean_of
from napari_sam.masks.own_prompts import ask_again, predicted_box
from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import Sam
from napari_sam.prompts.arrays import prompt_arrays
from napari_sam.prompts.prompt import Prompt, PromptSet
from napari_sam.tiles.grid import Tile
from napari_sam.weights.load import load_model
from tests.tiny import tiny_config
from training.procedural.kinds_optical import worms

TILE = Tile((), 0, 0, 100, 200, 64, 96)


@pytest.fixture(scope="module")
def cells_tiny() -> Sam:
    return load_model("cells-tiny", "cpu")


def without(model: Sam, field: str) -> Sam:
    """The same weights with a policy switched off."""
    other = load_model("cells-tiny", "cpu")
    other.policy = replace(model.policy, **{field: False})
    return other


def answer(logits: NDArray[np.float32], iou: float = 0.5) -> Answer:
    return Answer(TILE, logits, iou, 1.0, *tile_matrices(tiny_config(), TILE.height, TILE.width))


def seen(proposals: NDArray[np.float32]) -> Embedding:
    """A tile of which the proposal head says this."""
    features = ImageFeatures(torch.zeros(1, 32, 4, 6), (), torch.from_numpy(proposals)[None])
    return Embedding(TILE, features)


def head(box: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Maps of a head that sees one object, yx, everywhere inside its box."""
    y, x = np.mgrid[:16, :24] * 4 + 1.5
    y0, x0, y1, x1 = box
    away = np.log1p(np.maximum([y - y0, x - x0, y1 - y, x1 - x], 0))
    inside = np.where(away.min(axis=0) > 0, 6.0, -6.0)
    return np.stack([inside, inside, *away]).astype(np.float32)


# --- the predicted box -------------------------------------------------------------------------


def test_the_predicted_box_is_that_of_the_object_at_the_click() -> None:
    model_tile = seen(head((8, 20, 40, 70)))
    click = prompt_arrays(
        PromptSet({1: (PointPrompt((124.0, 250.0)),)}), tile_frame(tiny_config(), TILE)
    )
    box = predicted_box(model_tile, click)
    assert box is not None
    np.testing.assert_allclose(box[0], [[20, 8], [70, 40]], atol=1e-3)  # xy


@given(st.tuples(st.floats(100, 163), st.floats(200, 295)), st.integers(0, 2**32 - 1))
def test_the_predicted_box_holds_its_click_and_stays_in_the_tile(
    at: tuple[float, float], seed: int
) -> None:
    maps = np.random.default_rng(seed).normal(0, 3, (6, 16, 24)).astype(np.float32)
    click = prompt_arrays(PromptSet({1: (PointPrompt(at),)}), tile_frame(tiny_config(), TILE))
    box = predicted_box(seen(maps), click)
    assert box is not None
    assert click.point_coords is not None
    (x0, y0), (x1, y1) = box[0]
    x, y = click.point_coords[0, 0]
    assert 0 <= x0 <= x <= x1 <= 95
    assert 0 <= y0 <= y <= y1 <= 63


def test_a_window_has_the_proposals_of_its_place() -> None:
    maps = np.random.default_rng(0).normal(size=(6, 16, 24)).astype(np.float32)
    window = seen(maps).window((1, 2, 3, 6))
    assert window.features.proposals is not None
    np.testing.assert_array_equal(window.features.proposals[0], maps[:, 4:12, 8:24])


@given(st.integers(0, 2**32 - 1))
def test_training_reads_the_boxes_that_inference_reads(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # a side of an object is at most as far away as that of the largest tile
    maps = rng.normal(0, 2, (2, 6, 16, 24)).clip(max=np.log1p(1024)).astype(np.float32)
    points = rng.uniform(0, (95, 63), (2, 5, 2)).astype(np.float32)
    boxes = own_boxes(torch.from_numpy(maps), torch.from_numpy(points)).numpy()
    for each, xy, of_window in zip(maps, points, boxes, strict=True):
        heat, covered = 1 / (1 + np.exp(-each[:2]))
        cells = np.floor((xy[:, ::-1] + 0.5) / 4).astype(np.int64)
        expected = read_boxes(each[2:], heat * covered, cells)
        low, high = (
            np.minimum(expected[:, :2], xy[:, ::-1]),
            np.maximum(expected[:, 2:], xy[:, ::-1]),
        )
        np.testing.assert_allclose(of_window[:, 0, ::-1], low, rtol=1e-3, atol=1e-2)
        np.testing.assert_allclose(of_window[:, 1, ::-1], high, rtol=1e-3, atol=1e-2)


# --- the mean ----------------------------------------------------------------------------------


def test_the_mean_of_two_answers() -> None:
    one, other = np.full((16, 24), -4, np.float32), np.full((16, 24), -2, np.float32)
    one[2:6, 2:6], other[2:6, 2:10] = 100, 3
    mean = mean_of(answer(one, 0.9), answer(other, 0.5))
    assert mean.iou == pytest.approx(0.7)
    assert mean.low_res_logits[3, 3] == (LARGEST_LOGIT + 3) / 2
    assert mean.low_res_logits[3, 8] == -0.5
    assert agreement(one, other) == 0.5
    nothing = np.full((16, 24), -1, np.float32)
    assert agreement(nothing, nothing) == 0


def test_all_masks_of_an_object_give_the_mean_of_the_single_one_and_the_best_candidate() -> None:
    masks = [np.full((16, 24), value, np.float32) for value in (2, 8, 4, -3)]
    answers = [answer(m, iou) for m, iou in zip(masks, (0.6, 0.5, 0.8, 0.7), strict=True)]
    joined = best_of(answers)
    assert joined.low_res_logits[0, 0] == 3
    assert joined.iou == pytest.approx((0.7 + 1) / 2)  # the two agree
    assert best_of(answers[1:]) is answers[2]
    assert best_of(answers[:1]) is answers[0]


# --- answers -----------------------------------------------------------------------------------

PIXELS = np.ones((8, 8), bool)
CLICK, BESIDE = PointPrompt((120.0, 240.0)), PointPrompt((150.0, 280.0), 0)


@pytest.mark.parametrize(
    "prompts",
    [
        (BESIDE,),
        (CLICK, BESIDE),
        (CLICK, BoxPrompt((110, 220), (140, 260))),
        (MaskPrompt((), 110, 230, PIXELS),),
    ],
    ids=["beside", "two clicks", "click and box", "mask"],
)
def test_other_prompts_are_not_asked_again(cells_tiny: Sam, prompts: tuple[Prompt, ...]) -> None:
    first = answer(np.ones((16, 24), np.float32))
    assert ask_again(cells_tiny, seen(head((8, 20, 40, 70))), prompts, first) is first


def test_an_empty_mask_stays_empty(cells_tiny: Sam) -> None:
    first = answer(np.full((16, 24), -1, np.float32))
    assert ask_again(cells_tiny, seen(head((8, 20, 40, 70))), (CLICK,), first) is first


def ious(model: Sam, seed: int) -> list[float]:
    """IoU of a click on each of the larger worms of a painted image."""
    sample = worms(np.random.default_rng(seed))
    session = Session.open(sample.image, model=model, cache_dir=False)
    found = []
    for number in np.unique(sample.labels)[1:]:
        truth = sample.labels == number
        ys, xs = np.nonzero(truth)
        if truth.sum() > 200:
            middle = np.argmin((ys - np.median(ys)) ** 2 + (xs - np.median(xs)) ** 2)
            at = (float(ys[middle]), float(xs[middle]))
            mask = session.predict_objects({1: [PointPrompt(at)]})[1].within((0, 0, *truth.shape))
            found.append(float((mask & truth).sum() / (mask | truth).sum()))
    return found


def test_a_click_on_a_worm_finds_more_of_it(cells_tiny: Sam) -> None:
    plain = without(cells_tiny, "own_prompts")
    before, after = (
        np.mean([iou for seed in range(2) for iou in ious(model, seed)])
        for model in (plain, cells_tiny)
    )
    assert after > before + 0.02


def test_a_box_is_asked_again_with_a_click_in_the_middle_of_its_mask(cells_tiny: Sam) -> None:
    y, x = np.mgrid[:256, :256]
    image = np.where((y - 120) ** 2 + (x - 130) ** 2 < 40**2, 160, 30).astype(np.uint8)
    session = Session.open(image, model=cells_tiny, cache_dir=False, contrast=(0, 255))
    encoder = session.encoder
    embedding = encoder.get(encoder.grid.best_for((), (0, 0, 1, 1)))
    box = (BoxPrompt((80, 90), (160, 170)),)
    (first,) = decode(cells_tiny, embedding, PromptSet({1: box}))[1]
    both = (*box, PointPrompt((120.0, 130.0)))
    (clicked,) = decode(cells_tiny, embedding, PromptSet({1: both}))[1]
    again = ask_again(cells_tiny, embedding, box, first)
    expected = mean_of(first, clicked).low_res_logits
    # the middle is that of a mask cell, at most two pixels from the click
    assert np.abs(again.low_res_logits - expected).mean() < 0.2
    assert again.iou > 0.8
