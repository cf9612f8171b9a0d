"""Enlarged: small objects are segmented enlarged, others as they are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_sam import PointPrompt, Session
from napari_sam.evaluate.matching import detect
from napari_sam.masks.automatic.enlarged import (
    MARGIN,
    OVERLAP,
    PART,
    ZOOM,
    are_small,
    as_if_larger,
    crosses,
    held_by,
    in_data_pixels,
    parts,
    small,
    small_parts,
)
from napari_sam.masks.automatic.overlaps import suppress_overlaps
from napari_sam.masks.automatic.propose import Proposals
from napari_sam.masks.automatic.zoom import zoom_for_side
from napari_sam.masks.decode import Answer, decode, tile_matrices
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import PromptSet
from napari_sam.tiles.cut import is_cut
from napari_sam.tiles.grid import Tile
from napari_sam.weights.load import load_model


@pytest.fixture(scope="module")
def model() -> Sam:
    return load_model("cells-tiny", "cpu")


def disks(
    radius: float, spacing: int, shape: tuple[int, int] = (200, 560)
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Bright disks on a noisy ground, and their labels."""
    rng = np.random.default_rng(0)
    image = rng.integers(20, 40, shape).astype(np.uint8)
    labels = np.zeros(shape, np.int32)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for cy in range(spacing, shape[0] - spacing // 2, spacing):
        for cx in range(spacing, shape[1] - spacing // 2, spacing):
            labels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = labels.max() + 1
    image[labels > 0] += 120
    return image, labels


def found(session: Session) -> NDArray[np.int32]:
    """All objects of a flat image as labels."""
    labels = np.zeros(session.volume.label_shape, np.int32)
    for step in session.segment_everything(commit=False):
        for number, mask in enumerate(step.masks, 1):
            y0, x0, y1, x1 = mask.bbox
            labels[y0:y1, x0:x1][mask.pixels] = number
    return labels


def opened(model: Sam, image: NDArray[np.uint8], closer: bool = True) -> Session:
    return Session.open(image, model=model, contrast=(0, 255), cache_dir=False, closer=closer)


def test_small_objects_are_found_better(model: Sam) -> None:
    image, truth = disks(4.2, 14)
    before, after = (detect(truth, found(opened(model, image, c))) for c in (False, True))
    assert after.msa > before.msa + 0.05
    assert after.ap50 >= before.ap50
    assert after.ap50 > 0.9


def test_an_object_on_the_seam_of_two_parts_is_there_once(model: Sam) -> None:
    image, truth = disks(4.2, 14)
    zoom = zoom_for_side(8)
    left, middle, right = parts(Tile((), 0, 0, 0, 0, *image.shape), zoom)
    seam = left.x1
    assert middle.x1 == right.x0
    assert truth[:, seam - 1 : seam + 1].any()  # a column of disks is cut
    labels = found(opened(model, image))
    for number in np.unique(truth[:, seam - 1 : seam + 1])[1:]:
        inside = labels[truth == number]
        assert (inside > 0).mean() > 0.6
        assert len(np.unique(inside[inside > 0])) == 1


def test_larger_objects_cost_nothing_more(model: Sam) -> None:
    image, truth = disks(18, 52)
    session = opened(model, image)
    after = found(session)
    assert session.encoder.calls == 1
    np.testing.assert_array_equal(after, found(opened(model, image, closer=False)))
    assert detect(truth, after).ap50 == 1.0


def test_no_object_no_second_look(model: Sam) -> None:
    image = np.full((90, 90), 30, np.uint8)
    image[0, 0] = 31  # an image of a single value is not looked at
    session = opened(model, image)
    assert not found(session).any()
    assert session.encoder.calls == 1


@given(st.integers(1, 1024), st.integers(1, 1024))
def test_parts_fill_the_tile_and_fit_into_the_model(height: int, width: int) -> None:
    tile = Tile((3,), 1, 2, 100, 2000, height, width)
    taken = np.zeros((height, width), np.uint8)
    for part in parts(tile):
        assert part.plane == tile.plane
        assert part.zoom == ZOOM
        assert max(part.height, part.width) * ZOOM <= PART
        taken[part.y0 - 100 : part.y1 - 100, part.x0 - 2000 : part.x1 - 2000] += 1
    assert (taken == 1).all()


def test_an_answer_comes_back_to_where_it_belongs(tiny_model: Sam) -> None:
    image = np.random.default_rng(1).integers(0, 255, (90, 120)).astype(np.uint8)
    session = Session.open(image, model=tiny_model, contrast=(0, 255), cache_dir=False)
    part = Tile((), 0, 0, 10, 20, 48, 64, ZOOM)
    seen = session.encoder.enlarge(part)
    larger = as_if_larger(tiny_model.config, seen)
    click = PointPrompt((30.0, 50.0))
    # pixel centre 30 of the image is 20 of the part, and 30.25 of what is 1.5 times as large
    enlarged = PointPrompt((30.25, 45.25))
    (expected,) = decode(tiny_model, seen, PromptSet({1: (click,)}))[1]
    (answer,) = decode(tiny_model, larger, PromptSet({1: (enlarged,)}))[1]
    back = in_data_pixels(tiny_model.config, answer, part)
    assert back.tile == part
    np.testing.assert_allclose(back.low_res_logits, expected.low_res_logits, atol=1e-5)
    np.testing.assert_allclose(back.tile_logits(), expected.tile_logits(), atol=1e-5)
    window = larger.window((2, 3, 5, 7))
    (answer,) = decode(tiny_model, window, PromptSet({1: (enlarged,)}))[1]
    # enlarged rows 32 to 72 and columns 48 to 96, of which the first pixel centres are 32.25, 48.25
    assert in_data_pixels(tiny_model.config, answer, part).tile.bbox == (31, 52, 58, 84)


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_a_window_of_an_enlarged_part_is_drawn_where_the_part_has_it(
    model: Sam, row: int, col: int, seed: int
) -> None:
    config = model.config
    part = Tile((), 0, 0, 100, 200, 96, 96, ZOOM)
    logits = np.random.default_rng(seed).normal(-1, 1, (36, 36)).astype(np.float32)
    outside = np.ones((36, 36), bool)
    cells = slice(4 * row, 4 * row + 16), slice(4 * col, 4 * col + 16)
    outside[cells] = False
    outside[cells][[0, -1]] = outside[cells][:, [0, -1]] = True  # the window must not cut it
    logits[outside] = -20
    matrices = tile_matrices(config, 96, 96, ZOOM)
    whole = Answer(part, logits, 0.9, 5.0, *matrices).to_mask()
    larger = Tile((), 0, 0, 16 * row, 16 * col, 64, 64)
    window = Answer(larger, logits[cells], 0.9, 5.0, *tile_matrices(config, 64, 64))
    mask = in_data_pixels(config, window, part).to_mask()
    assert (mask.empty and whole.empty) or mask.bbox == whole.bbox
    np.testing.assert_array_equal(mask.pixels, whole.pixels)


@pytest.mark.parametrize(
    ("sides", "small"),
    [([8, 9, 90], True), ([21, 21, 21], True), ([23, 30, 9], False), ([], False)],
)
def test_small_is_what_most_objects_are(sides: list[int], small: bool) -> None:
    boxes = np.array([(0, 0, side - 1, side - 1) for side in sides], float).reshape(-1, 4)
    proposals = Proposals(boxes[:, :2], np.ones(len(sides)), boxes)
    assert are_small(proposals) == small
    assert not are_small(replace(proposals, boxes=None))


def test_only_what_is_small_is_enlarged_with_its_surroundings() -> None:
    tile = Tile((3,), 1, 2, 1000, 2000, 1024, 1024)
    boxes = np.array(
        [
            (1500, 2400, 1510, 2410),  # small, in the middle of the tile
            (1490, 2500, 1500, 2520),  # another one near by
            (1700, 2700, 1800, 2800),  # large
            (1000, 2000, 1020, 2020),  # small, outside of the region
            (1900, 2900, 1912, 2912),  # small, in the last part
        ],
        float,
    )
    first, last = small_parts(tile, small(boxes), (1096, 2096, 1928, 2928))
    margin = round(MARGIN / ZOOM)
    ends = 1512 + OVERLAP, 2512 + OVERLAP  # the part itself ends at 1512, 2512
    assert first.bbox == (1490 - margin, 2400 - margin, *ends)
    assert last.bbox == (1900 - margin, 2900 - margin, 1928 + OVERLAP, 2928 + OVERLAP)
    assert {first.zoom, last.zoom} == {ZOOM}
    assert {first.plane, last.plane} == {(3,)}
    held = held_by((first, last), boxes, tile)
    assert held.tolist() == [True, True, False, False, True]
    assert not held_by((), boxes, tile).any()


def test_a_part_holds_what_the_tile_itself_cuts() -> None:
    tile = Tile((), 0, 0, 0, 0, 100, 100)
    boxes = np.array([(0, 0, 10, 10), (89, 40, 100, 50), (40, 40, 60, 60)], float)
    corner, left = (replace(tile, height=70, width=w, zoom=ZOOM) for w in (60, 61))
    assert held_by((corner,), boxes, tile).tolist() == [True, False, False]
    assert held_by((left,), boxes, tile).tolist() == [True, False, True]


def mask(y0: int, x0: int, y1: int, x1: int, iou: float = 0.9) -> Mask:
    return Mask((), (y0, x0, y1, x1), np.ones((y1 - y0, x1 - x0), bool), iou, 5.0)


def test_what_is_cut_off_comes_from_the_first_look() -> None:
    tile = Tile((), 0, 0, 100, 200, 600, 600)
    part = next(parts(tile))
    assert part.bbox == (100, 200, 400, 500)
    assert is_cut((300, 480, 310, 500), part.bbox, tile.bbox)
    assert is_cut((390, 300, 400, 310), part.bbox, tile.bbox)
    assert not is_cut((100, 200, 110, 210), part.bbox, tile.bbox)  # the tile itself ends there
    assert crosses(mask(300, 480, 310, 510), tile)
    assert crosses(mask(395, 300, 405, 310), tile)
    assert not crosses(mask(300, 480, 310, 500), tile)


def test_first_ones_keep_their_pixels() -> None:
    tile = Tile((), 0, 0, 0, 0, 50, 50)
    sure, unsure = mask(10, 10, 30, 30, 0.99), mask(25, 10, 45, 30, 0.5)
    kept = list(suppress_overlaps([sure], tile, first=[unsure]))
    assert [one.bbox for one in kept] == [(25, 10, 45, 30), (10, 10, 25, 30)]
