"""Around: objects with rough boxes, many in one pass, each from the smallest window."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.automatic import crops
from napari_sam.masks.automatic import proposal_windows as around
from napari_sam.masks.automatic.crops import Crops
from napari_sam.masks.automatic.everything import segment_tile
from napari_sam.masks.automatic.nearby import is_cut
from napari_sam.masks.automatic.proposal_windows import SIDES, decode_around, windows
from napari_sam.masks.automatic.propose import Proposals
from napari_sam.masks.decode import decode
from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, Prompt, PromptSet
from napari_sam.tiles.bbox import holds
from napari_sam.tiles.grid import Tile
from tests.tiny import tiny_sam

KINDS = ["points", "boxes", "both"]


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


def prompts(proposals: Proposals, i: int, kind: str) -> tuple[Prompt, ...]:
    y, x = (proposals.points[i] + (1000, 2000)).tolist()
    assert proposals.boxes is not None
    y0, x0, y1, x1 = (proposals.boxes[i] + (1000, 2000) * 2).tolist()
    point, box = PointPrompt((2, y, x)), BoxPrompt((2, y0, x0), (2, y1, x1))
    return {"points": (point,), "boxes": (box,), "both": (point, box)}[kind]


# --- many windows in one pass ------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("best", [False, True])
@pytest.mark.parametrize("size", [(4, 4), (6, 9), (22, 22)])
def test_an_answer_is_that_of_its_window_alone(
    tiny_model: Sam, wide: Embedding, kind: str, best: bool, size: tuple[int, int]
) -> None:
    proposals = around_places(some_places(9), 8)
    tokens = np.array((38, 44))
    corners = (proposals.points // 16 - np.array(size) // 2).clip(0, tokens - size).astype(np.int64)
    answers = Crops.of(tiny_model, wide).decode(
        None if kind == "boxes" else proposals.points,
        None if kind == "points" else proposals.boxes,
        corners,
        size,
        best,
    )
    for i, (answer, (row, col)) in enumerate(zip(answers, corners.tolist(), strict=True)):
        window = wide.window((row, col, row + size[0], col + size[1]))
        asked = PromptSet({i: prompts(proposals, i, kind)})
        alone = max(decode(tiny_model, window, asked, best)[i], key=lambda one: one.iou)
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
    together = decode_around(tiny_model, wide, proposals)
    monkeypatch.setattr(crops, "TOKENS_AT_ONCE", 50)  # three of the smallest windows
    for i in (0, 17, 39):
        (alone,) = decode_around(tiny_model, wide, proposals[np.array([i])])
        assert alone.tile == together[i].tile
        assert np.allclose(alone.low_res_logits, together[i].low_res_logits, atol=1e-5)


# --- which window ------------------------------------------------------------------------------


@given(
    st.tuples(st.integers(1, 64), st.integers(1, 64)),
    st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5),
    st.sampled_from([*SIDES, around.LARGE_SIDE]),
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
    pixels, share = around.MARGIN
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
    answers = decode_around(tiny_model, wide, around_places(places, radii))
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
    answers = decode_around(tiny_model, wide, around_places(some_places(2), 10))
    assert [answer.tile for answer in answers] == [wide.tile] * 2
    assert answers[0].to_mask().bbox == wide.tile.bbox


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_is_cut_by_its_window(
    tiny_model: Sam, wide: Embedding, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(around, "PROMPTS", kind)
    low = 0.11 if kind == "points" else 0.05  # so that not all masks reach far
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=low)
    proposals = around_places(some_places(24, 3), np.random.default_rng(3).uniform(1, 150, 24))
    answers = decode_around(tiny_model, wide, proposals)
    for i, answer in enumerate(answers):
        assert answer.tile.contains(*(proposals.points[i] + (1000, 2000)))
        assert answer.tile == wide.tile or not is_cut(answer, wide.tile)
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
    (answer,) = decode_around(tiny_model, small, around_places(np.array([[30.0, 30.0]]), 5))
    assert answer.tile == small.tile
    assert answer.to_mask().bbox == small.tile.bbox


def test_a_model_of_whole_windows_is_asked_about_the_whole_tile(tiny_model: Sam) -> None:
    tiny_model.config = replace(tiny_model.config, resize="longest")
    torch.manual_seed(0)
    with torch.inference_mode():
        features = tiny_model.encode_image(torch.randn(1, 3, 1024, 1024))
    tile = Embedding(Tile((), 0, 0, 0, 0, 1024, 1024), features)
    (answer,) = decode_around(tiny_model, tile, around_places(np.array([[300.0, 300.0]]), 10))
    assert answer.tile == tile.tile


# --- all objects of a tile ---------------------------------------------------------------------


@pytest.mark.parametrize("channels", [0, 2, 6])
def test_objects_of_a_tile_do_not_overlap_whatever_the_head_says(
    tiny_model: Sam, channels: int
) -> None:
    decoder = tiny_model.mask_decoder
    torch.manual_seed(0)
    head = torch.full((1, 6, 60, 80), -6.0)
    for row, col in np.random.default_rng(0).integers(0, (60, 80), (40, 2)):
        head[0, 0, row, col] = 4
    head[0, 1], head[0, 2:] = 4, torch.rand(4, 60, 80) * 4
    with torch.no_grad():
        for sure in (decoder.iou_head, decoder.object_score_head):
            list(sure.parameters())[-1].fill_(5.0)
        for net in decoder.hypernetworks:
            for parameter in list(net.parameters())[-2:]:
                parameter.mul_(100)
        seen = tiny_model.encode_image(torch.randn(1, 3, 240, 320))
    features = replace(seen, proposals=head[:, :channels] if channels else None)
    masks = segment_tile(tiny_model, Embedding(Tile((2,), 0, 0, 1000, 2000, 236, 320), features))
    taken = np.zeros((236, 320), int)
    for mask in masks:
        y0, x0, y1, x1 = mask.bbox
        assert mask.plane == (2,)
        taken[y0 - 1000 : y1 - 1000, x0 - 2000 : x1 - 2000] += mask.pixels
    assert taken.max() == 1
