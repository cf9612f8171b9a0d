"""Farther: what was clicked and is large is looked at once more from farther away."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_sam import BoxPrompt, MaskPrompt, PointPrompt, Session
from napari_sam.masks.second_look.farther import (
    BETTER,
    MOST_TIMES,
    SMALLEST,
    SURE,
    ZOOMS,
    look_farther,
)
from napari_sam.masks.second_look.second_look import WINDOW, window
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import Prompt
from napari_sam.tiles.bbox import holds
from napari_sam.tiles.grid import TileGrid
from napari_sam.weights.load import load_model
from tests.masks.second_look.looking import answer_of, check_hover_is_click, opened

SHAPE = (700, 800)
MIDDLE = (340, 400)


def disk(radius: float) -> NDArray[np.bool_]:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    inside: NDArray[np.bool_] = (y - MIDDLE[0]) ** 2 + (x - MIDDLE[1]) ** 2 <= radius**2
    return inside


def nucleus(radius: float, seed: int = 0) -> NDArray[np.uint8]:
    """A bright disk with a texture as coarse as that of a nucleus of its size."""
    rng = np.random.default_rng(seed)
    texture = gaussian_filter(rng.normal(size=SHAPE), radius / 12)
    bright = np.where(disk(radius), 120 + 28 * texture / texture.std(), 25)
    noisy = gaussian_filter(bright + rng.normal(0, 6, SHAPE), 2)
    return noisy.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def model() -> Sam:
    return load_model("cells-tiny", "cpu")


def iou(session: Session, radius: float, *prompts: Prompt) -> float:
    truth = disk(radius)
    seen = session.predict_objects({1: prompts})[1].within((0, 0, *SHAPE))
    return float((truth & seen).sum() / (truth | seen).sum())


@pytest.mark.parametrize(("radius", "seed"), [(130, 3), (180, 0), (220, 0)])
def test_a_click_on_a_large_object_finds_all_of_it(model: Sam, radius: int, seed: int) -> None:
    image = nucleus(radius, seed)
    assert iou(opened(model, image, closer=False), radius, PointPrompt(MIDDLE)) < 0.3
    assert iou(opened(model, image), radius, PointPrompt(MIDDLE)) > 0.9


def test_a_correction_does_not_lose_what_was_seen_from_farther_away(model: Sam) -> None:
    session = opened(model, nucleus(200, 1))
    clicks = [PointPrompt(MIDDLE), PointPrompt((MIDDLE[0] - 90, MIDDLE[1] + 60))]
    assert iou(session, 200, *clicks) > 0.8
    beside = PointPrompt((MIDDLE[0], MIDDLE[1] + 230), 0)
    assert iou(session, 200, clicks[0], beside) > 0.8


def test_hovering_shows_what_a_click_gives(model: Sam) -> None:
    check_hover_is_click(opened(model, nucleus(150)), PointPrompt(MIDDLE))


class Farther:
    """Gives the same answer from everywhere, and counts how often it was asked to look."""

    def __init__(self, session: Session) -> None:
        self.encoder, self.looks = session.encoder, 0
        self.model, self.get = session.encoder.model, session.encoder.get

    def close_up(self, tile: Any) -> Any:
        self.looks += 1
        return self.encoder.close_up(tile)


@pytest.mark.parametrize(
    ("prompts", "first", "looks"),
    [
        ((PointPrompt(MIDDLE),), 0.4, len(ZOOMS)),
        ((PointPrompt(MIDDLE), PointPrompt((10, 10), 0)), 0.4, len(ZOOMS)),
        ((PointPrompt(MIDDLE),), SURE, 0),  # sure enough
        ((BoxPrompt((190, 250), (490, 550)),), 0.4, 0),  # says how large it is
        ((MaskPrompt((), 300, 300, np.ones((90, 90), bool)),), 0.4, 0),
        # only from farthest away both are seen at once
        ((PointPrompt((20, 20)), PointPrompt((680, 780))), 0.4, 1),
    ],
)
def test_who_is_looked_at_from_farther_away(
    model: Sam, prompts: tuple[Prompt, ...], first: float, looks: int
) -> None:
    session = opened(model, nucleus(150))
    y, x = MIDDLE
    answer = replace(answer_of(TileGrid(*SHAPE), (y - 60, x - 60, y + 60, x + 60)), iou=first)
    mask = answer.to_mask()
    asked = Farther(session)
    found = look_farther(asked, {1: prompts}, {1: (answer, mask)})  # type: ignore[arg-type]
    assert asked.looks == looks
    for look in found.values():
        assert look.second.iou > first + BETTER
        assert look.second.tile.zoom < 1
        area = look.second.to_mask().area
        assert (SMALLEST / look.second.tile.zoom) ** 2 <= area <= MOST_TIMES * mask.area


def test_of_what_is_small_nobody_looks_from_farther_away(model: Sam) -> None:
    session = opened(model, nucleus(150))
    answer = replace(answer_of(TileGrid(*SHAPE), (320, 400, 340, 420)), iou=0.4)
    asked = Farther(session)
    seen = {1: (answer, answer.to_mask())}
    assert look_farther(asked, {1: (PointPrompt((330, 410)),)}, seen) == {}  # type: ignore[arg-type]
    assert asked.looks == 0


def test_small_objects_are_not_taken_for_a_crowd(model: Sam) -> None:
    """From farther away, disks side by side look like one thing; that is not what was clicked."""
    image = np.full(SHAPE, 30, np.uint8)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for cy in range(20, 690, 24):
        for cx in range(20, 790, 24):
            image[(y - cy) ** 2 + (x - cx) ** 2 <= 64] = 160
    session = opened(model, image)
    for at in ((20 + 24 * 10, 20 + 24 * 12), (20 + 24 * 20, 20 + 24 * 5)):
        mask = session.predict_objects({1: [PointPrompt(at)]})[1]
        assert 100 < mask.area < 350  # pi * 64 = 201


@settings(deadline=None)
@given(data=st.data())
def test_a_part_lies_in_its_tile_and_holds_what_fits(data: st.DataObject) -> None:
    height, width = (data.draw(st.integers(20, 1500)) for _ in range(2))
    grid = TileGrid(height, width, data.draw(st.sampled_from([160, 1024])), 32)
    tile = data.draw(st.sampled_from(list(grid.tiles(()))))
    zoom = data.draw(st.sampled_from([2, *ZOOMS]))
    side = WINDOW / zoom
    h = data.draw(st.integers(1, max(1, int(min(tile.height, side / 2)))))
    w = data.draw(st.integers(1, max(1, int(min(tile.width, side / 2)))))
    y0 = data.draw(st.integers(tile.y0, tile.y1 - h))
    x0 = data.draw(st.integers(tile.x0, tile.x1 - w))
    part = window(tile, (y0, x0, y0 + h, x0 + w), zoom)
    assert holds(tile.bbox, part.bbox)
    assert holds(part.bbox, (y0, x0, y0 + h, x0 + w))
    assert max(part.height, part.width) <= side
    assert part.zoom == zoom
