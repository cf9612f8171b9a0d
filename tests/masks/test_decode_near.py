"""Decode near: answers from windows of a tile, placed in the tile."""

import numpy as np
import pytest
import torch

from napari_sam.embeddings.embedding import Embedding
from napari_sam.embeddings.encode import Encoder
from napari_sam.image.intensity import contrast_mapping
from napari_sam.image.volume import Volume
from napari_sam.masks.decode import OUTSIDE, Answer, decode
from napari_sam.masks.decode_near import decode_near
from napari_sam.masks.own_prompts import ask_again
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet
from napari_sam.tiles.grid import Tile, grid_of
from napari_sam.weights.load import load_model
from tests.tiny import tiny_sam

PLACES = [(40.0, 50.0), (300.0, 320.0), (590.0, 300.0), (330.0, 690.0)]
RADII = [10, 24, 40, 24]
SHAPE = (600, 700)


@pytest.fixture(scope="module")
def cells_tiny() -> Sam:
    return load_model("cells-tiny", "cpu")


@pytest.fixture(scope="module")
def nuclei(cells_tiny: Sam) -> Embedding:
    """Bright discs of several sizes, in the middle and at the borders of a tile."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = np.random.default_rng(0).integers(20, 50, SHAPE, np.uint8)
    for (cy, cx), radius in zip(PLACES, RADII, strict=True):
        image[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] += 130
    volume = Volume.from_array(image)
    mapping = contrast_mapping(volume, (0, 255), None)
    grid = grid_of(*SHAPE, cells_tiny.config.image_size)
    return Encoder(cells_tiny, volume, mapping, grid, None).get(grid.best_for((), (0, 0, 1, 1)))


def iou(answer: Answer, other: Answer) -> float:
    first, second = answer.tile_logits() > 0, other.tile_logits() > 0
    return float((first & second).sum() / (first | second).sum())


def from_window(answer: Answer) -> bool:
    return bool((answer.low_res_logits == OUTSIDE).any())


def prompts_of(kind: str, y: float, x: float, radius: int) -> tuple[Prompt, ...]:
    corner = (max(y - radius, 0), max(x - radius, 0))
    end = (min(y + radius, SHAPE[0] - 1), min(x + radius, SHAPE[1] - 1))
    click, beside = PointPrompt((y, x)), PointPrompt((max(y - radius - 4, 0), x), 0)
    pixels = np.ones((radius, radius), bool)
    mask = MaskPrompt((), int(y) - radius // 2, int(x) - radius // 2, pixels)
    return {
        "click": (click,),
        "correction": (click, beside),
        "box": (BoxPrompt(corner, end),),
        "mask": (mask, beside),
    }[kind]


@pytest.mark.parametrize("kind", ["click", "correction", "box", "mask"])
@pytest.mark.parametrize("place", range(len(PLACES)))
def test_a_window_answers_as_the_tile_does(
    cells_tiny: Sam, nuclei: Embedding, place: int, kind: str
) -> None:
    prompts = PromptSet({1: prompts_of(kind, *PLACES[place], RADII[place])})
    (near,) = decode_near(cells_tiny, nuclei, prompts)[1]
    (whole,) = decode(cells_tiny, nuclei, prompts)[1]
    assert from_window(near)
    assert near.tile == whole.tile == nuclei.tile
    assert near.low_res_logits.shape == whole.low_res_logits.shape
    # a rough mask says little about size, and the rest of the tile a little more
    assert iou(near, whole) > (0.7 if kind == "mask" else 0.9)
    assert abs(near.iou - whole.iou) < 0.2


def test_candidates_come_from_one_window(cells_tiny: Sam, nuclei: Embedding) -> None:
    prompts = PromptSet({1: (PointPrompt(PLACES[1]),)})
    near = decode_near(cells_tiny, nuclei, prompts, multimask_output=True)[1]
    whole = decode(cells_tiny, nuclei, prompts, multimask_output=True)[1]
    assert len(near) == len(whole) == 3
    best = [max(answers, key=lambda answer: answer.iou) for answers in (near, whole)]
    assert iou(*best) > 0.9


def test_an_object_beyond_all_windows_is_decoded_in_the_tile(
    cells_tiny: Sam, nuclei: Embedding
) -> None:
    prompts = PromptSet({1: (BoxPrompt((20, 20), (580, 680)),)})
    (near,) = decode_near(cells_tiny, nuclei, prompts)[1]
    whole = ask_again(cells_tiny, nuclei, prompts.of(1), *decode(cells_tiny, nuclei, prompts)[1])
    np.testing.assert_array_equal(near.low_res_logits, whole.low_res_logits)
    assert near.iou == whole.iou


def test_an_answer_that_its_window_cuts_is_never_given(tiny_model: Sam) -> None:
    """Random weights draw masks of all sizes; those of windows end inside of their window."""
    tile = Tile((), 0, 0, 0, 0, *SHAPE)
    torch.manual_seed(3)
    with torch.inference_mode():
        embedding = Embedding(tile, tiny_model.encode_image(torch.randn(1, 3, 608, 704)))
    rng = np.random.default_rng(0)
    clicks = {i: (PointPrompt(tuple(rng.uniform(0, SHAPE))),) for i in range(24)}
    near = decode_near(tiny_model, embedding, PromptSet(clicks))
    for i, prompts in clicks.items():
        (answer,), (whole,) = near[i], decode(tiny_model, embedding, PromptSet({i: prompts}))[i]
        logits = answer.low_res_logits
        decoded = np.argwhere(logits != OUTSIDE)
        (top, left), (bottom, right) = decoded.min(axis=0), decoded.max(axis=0)
        if not from_window(answer):
            np.testing.assert_allclose(logits, whole.low_res_logits, atol=1e-6)  # one of many
            continue
        inner = (top > 0, left > 0, bottom + 1 < logits.shape[0], right + 1 < logits.shape[1])
        sides = (logits[top], logits[:, left], logits[bottom], logits[:, right])
        assert not any(
            is_inner and side.max() > 0 for is_inner, side in zip(inner, sides, strict=True)
        )


def test_a_model_of_another_family_decodes_the_tile() -> None:
    torch.manual_seed(0)
    model = tiny_sam(resize="longest", image_size=512).eval()
    tile = Tile((), 0, 0, 0, 0, 512, 512)
    with torch.inference_mode():
        embedding = Embedding(tile, model.encode_image(torch.randn(1, 3, 512, 512)))
    prompts = PromptSet({1: (PointPrompt((100.0, 100.0)),), 2: (BoxPrompt((9, 9), (60, 80)),)})
    near, whole = decode_near(model, embedding, prompts), decode(model, embedding, prompts)
    for i in (1, 2):
        np.testing.assert_array_equal(near[i][0].low_res_logits, whole[i][0].low_res_logits)
