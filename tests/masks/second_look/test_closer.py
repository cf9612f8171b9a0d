"""Closer: small objects are looked at once more, enlarged; large ones and other models are not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_sam import BoxPrompt, MaskPrompt, PointPrompt, Session
from napari_sam.masks.decode import decode, tile_frame
from napari_sam.masks.second_look.closer import LARGEST, MARGIN, ZOOM, close_up
from napari_sam.masks.second_look.second_look import WINDOW
from napari_sam.model.answer_policy import AnswerPolicy
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import Prompt, PromptSet
from napari_sam.tiles.bbox import holds
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.weights.load import load_model
from tests.masks.second_look.looking import answer_of, check_hover_is_click, opened
from tests.tiny import tiny_config

CENTRES = [(y, x) for y in range(30, 260, 40) for x in range(30, 380, 40)]
RADIUS = 5.5


def disks(radius: float, centres: Sequence[tuple[int, int]] = CENTRES) -> NDArray[np.uint8]:
    """Bright disks on a noisy ground, ``(290, 410)``."""
    rng = np.random.default_rng(0)
    image = rng.integers(20, 40, (290, 410)).astype(np.uint8)
    for cy, cx in centres:
        image[disk(radius, cy, cx)] += 120
    return image


def disk(radius: float, cy: int, cx: int) -> NDArray[np.bool_]:
    y, x = np.mgrid[:290, :410]
    inside: NDArray[np.bool_] = (y - cy) ** 2 + (x - cx) ** 2 <= radius**2
    return inside


@pytest.fixture(scope="module")
def model() -> Sam:
    return load_model("cells-tiny", "cpu")


def box(radius: float, cy: int, cx: int) -> BoxPrompt:
    reach = int(radius)
    return BoxPrompt((cy - reach, cx - reach), (cy + reach, cx + reach))


def ious(session: Session, radius: float, prompts: dict[int, list[Any]]) -> NDArray[np.float64]:
    found = session.predict_objects(prompts)
    return np.array([_iou(found[i], radius, *CENTRES[i - 1]) for i in prompts])


def _iou(mask: Any, radius: float, cy: int, cx: int) -> float:
    truth, seen = disk(radius, cy, cx), mask.within((0, 0, 290, 410))
    return float((truth & seen).sum() / (truth | seen).sum())


@pytest.mark.parametrize("kind", ["click", "box"])
def test_small_objects_get_better_masks(model: Sam, kind: str) -> None:
    image = disks(RADIUS)
    prompts: dict[int, list[Any]] = {
        i: [PointPrompt(at) if kind == "click" else box(RADIUS, *at)]
        for i, at in enumerate(CENTRES, 1)
    }
    before = ious(opened(model, image, closer=False), RADIUS, prompts)
    after = ious(opened(model, image), RADIUS, prompts)
    assert after.mean() > before.mean() + 0.02
    assert after.min() > 0.6


def test_how_sure_it_is_tells_better_which_masks_are_good(model: Sam) -> None:
    radius = 9
    image = disks(radius)
    prompts: dict[int, list[Any]] = {i: [box(radius, *at)] for i, at in enumerate(CENTRES, 1)}
    errors = []
    for closer in (False, True):
        masks = opened(model, image, closer).predict_objects(prompts)
        assert all(0 <= mask.iou <= 1 for mask in masks.values())
        errors.append(
            [abs(masks[i].iou - _iou(masks[i], radius, *at)) for i, at in enumerate(CENTRES, 1)]
        )
    assert np.mean(errors[1]) < np.mean(errors[0]) - 0.02


def test_large_objects_are_answered_as_before(model: Sam) -> None:
    image = disks(40, [(140, 200)])
    prompts = [PointPrompt((140, 200))], [box(40, 140, 200)]
    for own in prompts:
        first, second = (
            opened(model, image, closer).predict_objects({1: own})[1] for closer in (False, True)
        )
        assert first.bbox == second.bbox
        assert first.iou == second.iou
        np.testing.assert_array_equal(first.pixels, second.pixels)


def test_an_answer_does_not_depend_on_who_else_is_asked(model: Sam) -> None:
    session = opened(model, disks(RADIUS))
    prompts = {i: [box(RADIUS, *CENTRES[i])] for i in range(12)}
    together = session.predict_objects(prompts)
    for i, own in prompts.items():
        alone = session.predict_objects({i: own})[i]
        assert alone.bbox == together[i].bbox
        np.testing.assert_array_equal(alone.pixels, together[i].pixels)
        assert alone.iou == pytest.approx(together[i].iou, abs=1e-5)


def test_what_hovering_shows_is_what_a_click_gives(model: Sam) -> None:
    check_hover_is_click(opened(model, disks(RADIUS)), PointPrompt(CENTRES[8]))


def test_close_ups_are_kept_and_forgotten_when_the_image_changes(model: Sam) -> None:
    image = disks(RADIUS)
    session = opened(model, image)
    own = {1: [box(RADIUS, *CENTRES[0])]}
    session.predict_objects(own)
    assert session.encoder.calls == 2  # the tile and the close-up
    first = session.predict_objects(own)[1]
    assert session.encoder.calls == 2
    image[disk(RADIUS, *CENTRES[0])] += 40
    second = session.predict_objects(own)[1]
    assert session.encoder.calls == 4
    assert first.iou != second.iou


def test_the_built_in_model_looks_closer_and_others_do_not(model: Sam) -> None:
    assert load_model("cells-tiny").policy.closer_looks
    assert not AnswerPolicy().closer_looks


def test_a_zoomed_tile_is_the_same_as_an_enlarged_image(tiny_model: Sam) -> None:
    """Each data pixel is four model pixels, and prompts keep their place between them."""
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 255, (40, 48)).astype(np.uint8)
    session = Session.open(coarse, model=tiny_model, contrast=(0, 255), cache_dir=False)
    tile = Tile((), 0, 0, 0, 0, 40, 48, 2.0)
    seen = session.encoder.close_up(tile)
    rgb = torch.from_numpy(np.repeat(coarse[..., None], 3, -1)).float()
    large = torch.nn.functional.interpolate(
        rgb.permute(2, 0, 1)[None], scale_factor=2, mode="bilinear"
    )[0].permute(1, 2, 0)
    with torch.inference_mode():
        features = tiny_model.encode_image(tiny_model.preprocess(large))
        expected = tiny_model.decode(
            features,
            torch.tensor([[[[2 * 21 + 0.5, 2 * 13 + 0.5]]]]),
            torch.ones(1, 1, 1, dtype=torch.int64),
        )
    (answer,) = decode(tiny_model, seen, PromptSet({1: (PointPrompt((13, 21)),)}))[1]
    np.testing.assert_allclose(answer.low_res_logits, expected.low_res_logits[0, 0, 0], atol=1e-4)
    assert answer.tile_logits().shape == (40, 48)
    # cells of four model pixels are two data pixels: the mean of each is the cell
    blocks = answer.tile_logits().reshape(20, 2, 24, 2).mean((1, 3))
    inner = np.s_[2:-2, 2:-2]
    assert np.abs(blocks - answer.low_res_logits)[inner].max() < np.ptp(answer.low_res_logits)


def test_the_frame_of_a_zoomed_tile_keeps_the_corners() -> None:
    frame = tile_frame(tiny_config(), Tile((), 0, 0, 100, 200, 20, 30, 2.0))
    assert frame.shape == (48, 64)
    np.testing.assert_allclose(frame.to_model((99.5, 199.5)), (-0.5, -0.5))
    np.testing.assert_allclose(frame.to_model((119.5, 229.5)), (59.5, 39.5))
    x, y = frame.to_model((107.25, 211.0))
    back = (np.array([y, x]) - frame.first) / frame.scale + (100, 200)
    np.testing.assert_allclose(back, (107.25, 211.0))


@settings(deadline=None)
@given(data=st.data())
def test_a_close_up_holds_the_object_and_lies_in_its_tile(data: st.DataObject) -> None:
    height, width = (data.draw(st.integers(20, 400)) for _ in range(2))
    grid = TileGrid(height, width, data.draw(st.sampled_from([64, 160, 1024])), 32)
    y0, x0 = data.draw(st.integers(0, height - 4)), data.draw(st.integers(0, width - 4))
    y1 = data.draw(st.integers(y0 + 1, min(height, y0 + 90)))
    x1 = data.draw(st.integers(x0 + 1, min(width, x0 + 90)))
    click = PointPrompt(((y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2))
    answer = answer_of(grid, (y0, x0, y1, x1))
    tile = close_up(grid, answer.tile, answer.to_mask(), (click,))
    mask = answer.to_mask()
    seen = click if mask.empty else mask  # where nothing was found, the click is looked at
    if tile is None:
        return
    assert tile.zoom == ZOOM
    assert holds(answer.tile.bbox, tile.bbox)
    assert holds(tile.bbox, seen.bbox)
    assert max(tile.height, tile.width) <= WINDOW // ZOOM
    area = (seen.bbox[2] - seen.bbox[0]) * (seen.bbox[3] - seen.bbox[1])
    assert area <= LARGEST**2
    for side, start, stop, end in (
        (seen.bbox[0], tile.y0, 0, height),
        (seen.bbox[1], tile.x0, 0, width),
    ):
        assert start == stop or side - start >= MARGIN
        assert end >= side


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ((), True),
        ((PointPrompt((150, 150), 0),), True),  # what is no part of it may lie anywhere
        ((PointPrompt((150, 380)),), False),  # a click far away is a part of it
        ((MaskPrompt((), 100, 100, np.ones((9, 9), bool)),), False),
    ],
)
def test_who_is_looked_at_closer(extra: tuple[Prompt, ...], wanted: bool) -> None:
    grid = TileGrid(290, 410)
    answer = answer_of(grid, (100, 100, 112, 112))
    prompts = (PointPrompt((105, 105)), *extra)
    tile = close_up(grid, answer.tile, answer.to_mask(), prompts)
    assert (tile is not None) == wanted


def test_where_nothing_was_found_the_click_is_looked_at() -> None:
    grid = TileGrid(290, 410)
    answer = answer_of(grid, (100, 100, 112, 112))
    nothing = replace(answer, low_res_logits=np.full_like(answer.low_res_logits, -1))
    tile = close_up(grid, nothing.tile, nothing.to_mask(), (PointPrompt((105, 305)),))
    assert tile is not None
    assert holds(tile.bbox, (97, 297, 114, 314))


def test_a_click_deep_in_a_mask_takes_away_its_part_alone(model: Sam) -> None:
    """Two touching disks as one mask; who clicks into one keeps the other."""
    image = disks(16, [(100, 100), (100, 131)])
    joined = disk(16, 100, 100) | disk(16, 100, 131)
    session = opened(model, image)
    own = [MaskPrompt((), 0, 0, joined), PointPrompt((100.0, 131.0), 0)]
    mask = session.predict_objects({1: own})[1].within((0, 0, 290, 410))
    truth = disk(16, 100, 100)
    assert (mask & truth).sum() / (mask | truth).sum() > 0.75
    assert not mask[100, 131]
