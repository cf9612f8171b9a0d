"""Proposals are decoded from the smallest window that holds them, large ones from the tile."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_sam import Session
from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.automatic import crops, proposal_windows
from napari_sam.masks.automatic.crops import Crops
from napari_sam.masks.automatic.proposal_windows import (
    SIDES,
    PromptKinds,
    decode_boxes,
    decode_clicks,
    windows,
)
from napari_sam.masks.automatic.propose import Proposals
from napari_sam.masks.decode import Answer, decode, decode_masks
from napari_sam.masks.mean import best_of
from napari_sam.model.features import ImageFeatures
from napari_sam.model.mask_decoder import CANDIDATES, MASK_TOKENS, SINGLE_MASK
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, Prompt, PromptSet
from napari_sam.tiles.bbox import holds
from napari_sam.tiles.grid import Tile
from napari_sam.weights.load import load_model
from tests.tiny import tiny_sam

KINDS = get_args(PromptKinds)


@pytest.fixture(scope="module")
def wide() -> Embedding:
    """What a random model saw in a tile that is no whole number of tokens, nor square."""
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(0)  # the model of all tests
        model = tiny_sam().eval()
        features = model.encode_image(torch.randn(1, 3, 608, 704))
    return Embedding(Tile((2,), 0, 0, 1000, 2000, 600, 700), features)


def around_places(places: NDArray[np.float64], radius: float | NDArray[np.float64]) -> Proposals:
    """Proposals with square boxes."""
    half = np.broadcast_to(np.asarray(radius, float), len(places))[:, None]
    boxes = np.concatenate([places - half, places + half], axis=1)
    return Proposals(places, np.ones(len(places)), boxes.clip(0, (599, 699, 599, 699)))


def some_places(count: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0, (599, 699), (count, 2))


def contains(tile: Tile, y: float, x: float) -> bool:
    """Whether a pixel of the tile lies at data coordinates."""
    return tile.y0 <= y + 0.5 < tile.y1 and tile.x0 <= x + 0.5 < tile.x1


def prompts(proposals: Proposals, i: int, kind: str) -> tuple[Prompt, ...]:
    y, x = (proposals.points[i] + (1000, 2000)).tolist()
    assert proposals.boxes is not None
    y0, x0, y1, x1 = (proposals.boxes[i] + (1000, 2000) * 2).tolist()
    point, box = PointPrompt((2, y, x)), BoxPrompt((2, y0, x0), (2, y1, x1))
    return {"points": (point,), "boxes": (box,), "both": (point, box)}[kind]


# --- many windows in one pass ------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masks", [SINGLE_MASK, CANDIDATES, slice(0, MASK_TOKENS)])
@pytest.mark.parametrize("size", [(4, 4), (6, 9), (22, 22)])
def test_an_answer_is_that_of_its_window_alone(
    tiny_model: Sam, wide: Embedding, kind: str, masks: slice, size: tuple[int, int]
) -> None:
    proposals = around_places(some_places(9), 8)
    tokens = np.array((38, 44))
    corners = (proposals.points // 16 - np.array(size) // 2).clip(0, tokens - size).astype(np.int64)
    answers = Crops.of(tiny_model, wide).decode(
        None if kind == "boxes" else proposals.points,
        None if kind == "points" else proposals.boxes,
        corners,
        size,
        masks,
    )
    for i, (answer, (row, col)) in enumerate(zip(answers, corners.tolist(), strict=True)):
        window = wide.window((row, col, row + size[0], col + size[1]))
        asked = PromptSet({i: prompts(proposals, i, kind)})
        alone = best_of(decode_masks(tiny_model, window, asked, masks)[i])
        assert answer.tile == alone.tile == window.tile
        assert np.allclose(answer.low_res_logits, alone.low_res_logits, atol=1e-5)
        assert (answer.iou, answer.object_score) == pytest.approx(
            (alone.iou, alone.object_score), abs=1e-5
        )
        assert np.array_equal(answer.rows, alone.rows)


def test_an_answer_does_not_depend_on_who_else_is_asked(
    tiny_model: Sam, wide: Embedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=1000.0)  # nothing is cut
    proposals = around_places(some_places(40), 12)
    together = decode_boxes(tiny_model, wide, proposals)
    monkeypatch.setattr(crops, "TOKENS_AT_ONCE", 50)  # three of the smallest windows
    for i in (0, 17, 39):
        (alone,) = decode_boxes(tiny_model, wide, proposals[np.array([i])])
        assert alone.tile == together[i].tile
        assert np.allclose(alone.low_res_logits, together[i].low_res_logits, atol=1e-5)


# --- which window ------------------------------------------------------------------------------


@given(
    st.tuples(st.integers(1, 64), st.integers(1, 64)),
    st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5),
    st.sampled_from([*SIDES, proposal_windows.LARGE_SIDE]),
)
def test_a_window_holds_its_box_with_room_around_it_as_far_as_the_tile_goes(
    tokens: tuple[int, int], given: list[tuple[float, ...]], side: int
) -> None:
    height, width = 16 * tokens[0], 16 * tokens[1]
    ends = np.sort(np.array(given).reshape(-1, 2, 2), axis=1) * (height - 1, width - 1)
    proposals = Proposals(ends.mean(axis=1), np.ones(len(ends)), ends.reshape(-1, 4))
    features = ImageFeatures(torch.zeros(1, 1, *tokens))
    tile = Embedding(Tile((), 0, 0, 0, 0, height, width), features)
    corners, size, fits = windows(tile, proposals, side)
    assert size == (min(side, tokens[0]), min(side, tokens[1]))
    assert (corners >= 0).all()
    assert (corners + size <= tokens).all()
    pixels, share = proposal_windows.MARGIN
    for (low, high), corner, fit in zip(ends, corners, fits, strict=True):
        room = pixels + share * (high - low)
        first, last = 16 * corner, 16 * (corner + size) - 1
        free = (low - room >= first) | (corner == 0)
        free &= (high + room <= last + 1) | (corner + size == tokens)
        assert not fit or free.all()
        if ((high - low + 2 * room) <= 16 * (np.array(size) - 1)).all():
            assert fit  # wherever it lies between two tokens


def test_a_window_is_no_larger_than_it_has_to_be(tiny_model: Sam, wide: Embedding) -> None:
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=1000.0)  # no object is large
    radii = np.array([5.0, 20, 33, 45, 60, 100, 130, 190, 295])
    places = np.tile([304.0, 352.0], (len(radii), 1))
    answers = decode_boxes(tiny_model, wide, around_places(places, radii))
    sides = [answer.tile.height for answer in answers]
    assert sides == [64, 64, 96, 128, 192, 256, 352, 512, 600]
    for answer, radius in zip(answers, radii, strict=True):
        first, last = np.array((1304, 2352)) - int(radius), np.array((1305, 2353)) + int(radius)
        box = (max(first[0], 1000), first[1], min(last[0], 1600), last[1])
        assert holds(answer.tile.bbox, box)


def test_an_object_beyond_its_window_is_seen_in_the_whole_tile(
    tiny_model: Sam, wide: Embedding
) -> None:
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=-1000.0)  # all is object
    answers = decode_boxes(tiny_model, wide, around_places(some_places(2), 10))
    assert [answer.tile for answer in answers] == [wide.tile] * 2
    assert answers[0].to_mask().bbox == wide.tile.bbox


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_is_cut_by_its_window(
    tiny_model: Sam, wide: Embedding, kind: PromptKinds
) -> None:
    low = 0.11 if kind == "points" else 0.05  # so that not all masks reach far
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=low)
    proposals = around_places(some_places(24, 3), np.random.default_rng(3).uniform(1, 150, 24))
    answers = decode_boxes(tiny_model, wide, proposals, kind)
    for i, answer in enumerate(answers):
        assert contains(answer.tile, *(proposals.points[i] + (1000, 2000)))
        assert answer.tile == wide.tile or not answer.is_cut(wide.tile)
    assert kind == "points" or len({answer.tile.height for answer in answers}) > 2
    whole = [i for i, answer in enumerate(answers) if answer.tile == wide.tile]
    for i in whole[:2]:
        asked = PromptSet({i: prompts(proposals, i, kind)})
        own = decode(tiny_model, wide, asked, multimask_output=kind != "points")[i]
        best = max(own, key=lambda one: one.iou)
        assert np.allclose(answers[i].low_res_logits, best.low_res_logits, atol=1e-4)


def test_the_tile_s_own_sides_cut_nothing(tiny_model: Sam, wide: Embedding) -> None:
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=-1000.0)  # all is object
    features = replace(
        wide.features,
        image_embedding=wide.features.image_embedding[..., :4, :4],
        high_res_features=tuple(
            x[..., : 4 * n, : 4 * n]
            for x, n in zip(wide.features.high_res_features, (2, 4), strict=True)
        ),
    )
    small = Embedding(Tile((2,), 0, 0, 1000, 2000, 60, 64), features)
    (answer,) = decode_boxes(tiny_model, small, around_places(np.array([[30.0, 30.0]]), 5))
    assert answer.tile == small.tile
    assert answer.to_mask().bbox == small.tile.bbox


def test_a_model_of_whole_windows_is_asked_about_the_whole_tile(tiny_model: Sam) -> None:
    tiny_model.config = replace(tiny_model.config, resize="longest")
    torch.manual_seed(0)
    with torch.inference_mode():
        features = tiny_model.encode_image(torch.randn(1, 3, 1024, 1024))
    tile = Embedding(Tile((), 0, 0, 0, 0, 1024, 1024), features)
    (answer,) = decode_boxes(tiny_model, tile, around_places(np.array([[300.0, 300.0]]), 10))
    assert answer.tile == tile.tile


# --- clicks without boxes -----------------------------------------------------------------------

CENTRES = [(y, x) for y in range(40, 500, 70) for x in range(40, 600, 70)]
RADIUS = 14


@pytest.fixture(scope="module")
def model() -> Sam:
    return load_model("cells-tiny", "cpu")


@pytest.fixture(scope="module")
def disks() -> NDArray[np.uint8]:
    """Bright disks on a noisy ground."""
    rng = np.random.default_rng(0)
    image = rng.integers(20, 40, (540, 900)).astype(np.uint8)
    y, x = np.mgrid[:540, :900]
    for cy, cx in CENTRES:
        image[(y - cy) ** 2 + (x - cx) ** 2 < RADIUS**2] += 150
    return image


@pytest.fixture(scope="module")
def seen(model: Sam, disks: NDArray[np.uint8]) -> Embedding:
    session = Session.open(disks, model=model, contrast=(0, 255), cache_dir=False)
    (tile,) = session.tiles()
    return session.encoder.get(tile)


@pytest.fixture
def another_wide(tiny_model: Sam) -> Embedding:
    """What a random model saw in a tile that is larger than any window."""
    torch.manual_seed(3)
    with torch.inference_mode():
        features = tiny_model.encode_image(torch.randn(1, 3, 608, 704))
    return Embedding(Tile((2,), 0, 0, 1000, 2000, 600, 700), features)


def whole(model: Sam, embedding: Embedding, click: PointPrompt) -> Answer:
    return decode(model, embedding, PromptSet({1: (click,)}))[1][0]


def test_a_window_is_that_part_of_the_tile(seen: Embedding) -> None:
    window = seen.window((20, 40, 34, 57))
    assert window.tile.bbox == (320, 640, 540, 900)  # as far as the tile goes
    assert window.offset == (20, 40)
    for part, full, cells in zip(
        (window.features.image_embedding, *window.features.high_res_features),
        (seen.features.image_embedding, *seen.features.high_res_features),
        (1, 2, 4),
        strict=True,
    ):
        assert torch.equal(part, full[..., 20 * cells : 34 * cells, 40 * cells : 57 * cells])


def test_small_objects_look_the_same_from_a_window(model: Sam, seen: Embedding) -> None:
    clicks = {i: PointPrompt((float(y), float(x))) for i, (y, x) in enumerate(CENTRES)}
    answers = decode_clicks(model, seen, clicks)
    assert set(answers) == set(clicks)
    assert all(answers[i].tile.height <= 256 and answers[i].tile.width <= 256 for i in clicks)
    for i, click in clicks.items():
        mask, other = answers[i].to_mask(), whole(model, seen, click).to_mask()
        near = (*np.subtract(CENTRES[i], 40), *np.add(CENTRES[i], 40))
        both = mask.within(near) & other.within(near)
        assert both.sum() > 0.8 * (mask.area + other.area - both.sum())


def test_a_clicked_object_beyond_its_window_is_seen_in_the_whole_tile(
    tiny_model: Sam, another_wide: Embedding
) -> None:
    clicks = {3: PointPrompt((2, 1100.0, 2150.0)), 4: PointPrompt((2, 1500.0, 2600.0))}
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=-1000.0)  # all is object
    answers = decode_clicks(tiny_model, another_wide, clicks)
    assert {answer.tile for answer in answers.values()} == {another_wide.tile}
    assert answers[4].to_mask().bbox == another_wide.tile.bbox
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=1000.0)  # nothing is
    answers = decode_clicks(tiny_model, another_wide, clicks)
    assert [answers[i].tile.bbox for i in clicks] == [
        (1000, 2000, 1256, 2256),
        (1352, 2448, 1600, 2700),
    ]


def test_no_answer_to_a_click_is_cut_by_its_window(
    tiny_model: Sam, another_wide: Embedding
) -> None:
    tile = another_wide.tile
    rng = np.random.default_rng(3)
    places = rng.uniform((1000, 2000), (1600, 2700), (60, 2))
    clicks = {i: PointPrompt((2, float(y), float(x))) for i, (y, x) in enumerate(places)}
    for i, answer in decode_clicks(tiny_model, another_wide, clicks).items():
        window = answer.tile
        assert contains(window, *places[i])
        if window.bbox == tile.bbox:
            logits = whole(tiny_model, another_wide, clicks[i]).low_res_logits
            assert np.allclose(answer.low_res_logits, logits, atol=1e-4)
            continue
        inside = answer.low_res_logits > 0
        assert window.y0 == tile.y0 or not inside[0].any()
        assert window.y1 == tile.y1 or not inside[-1].any()
        assert window.x0 == tile.x0 or not inside[:, 0].any()
        assert window.x1 == tile.x1 or not inside[:, -1].any()


def test_a_model_of_whole_windows_is_clicked_in_the_whole_tile(tiny_model: Sam) -> None:
    tiny_model.config = replace(tiny_model.config, resize="longest")
    torch.manual_seed(0)
    with torch.inference_mode():
        features = tiny_model.encode_image(torch.randn(1, 3, 1024, 1024))
    embedding = Embedding(Tile((), 0, 0, 0, 0, 1024, 1024), features)
    click = PointPrompt((100.0, 100.0))
    answer = decode_clicks(tiny_model, embedding, {1: click})[1]
    assert answer.tile == embedding.tile
    assert np.array_equal(answer.low_res_logits, whole(tiny_model, embedding, click).low_res_logits)
