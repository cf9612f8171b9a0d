"""Enlarged: tiles of small objects are segmented at twice their size, others as they are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_sam import PointPrompt, Session
from napari_sam.evaluate.matching import detect
from napari_sam.masks.automatic.enlarged import (
    PART,
    ZOOM,
    are_small,
    as_if_larger,
    crosses,
    in_data_pixels,
    parts,
)
from napari_sam.masks.automatic.overlaps import suppress_overlaps
from napari_sam.masks.automatic.propose import Proposals
from napari_sam.masks.decode import decode
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
    left, right = parts(Tile((), 0, 0, 0, 0, *image.shape))
    assert left.x1 == right.x0 == 280
    assert truth[:, 279:281].any()  # a column of disks is cut in the middle
    labels = found(opened(model, image))
    for number in np.unique(truth[:, 279:281])[1:]:
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
        assert max(part.height, part.width) <= PART
        taken[part.y0 - 100 : part.y1 - 100, part.x0 - 2000 : part.x1 - 2000] += 1
    assert (taken == 1).all()


def test_an_answer_comes_back_to_where_it_belongs(tiny_model: Sam) -> None:
    image = np.random.default_rng(1).integers(0, 255, (90, 120)).astype(np.uint8)
    session = Session.open(image, model=tiny_model, contrast=(0, 255), cache_dir=False)
    part = Tile((), 0, 0, 10, 20, 48, 64, ZOOM)
    seen = session.encoder.enlarge(part)
    larger = as_if_larger(seen)
    click = PointPrompt((30.0, 50.0))
    # pixel centre 30 of the image is 20 of the part, and 40.5 of what is twice as large
    enlarged = PointPrompt((40.5, 60.5))
    (expected,) = decode(tiny_model, seen, PromptSet({1: (click,)}))[1]
    (answer,) = decode(tiny_model, larger, PromptSet({1: (enlarged,)}))[1]
    back = in_data_pixels(tiny_model.config, answer, part)
    assert back.tile == part
    np.testing.assert_allclose(back.low_res_logits, expected.low_res_logits, atol=1e-5)
    np.testing.assert_allclose(back.tile_logits(), expected.tile_logits(), atol=1e-5)
    window = larger.window((2, 3, 5, 7))
    (answer,) = decode(tiny_model, window, PromptSet({1: (enlarged,)}))[1]
    assert in_data_pixels(tiny_model.config, answer, part).tile.bbox == (26, 44, 50, 76)


@pytest.mark.parametrize(
    ("sides", "small"),
    [([8, 9, 90], True), ([27, 27, 27], True), ([29, 30, 9], False), ([], False)],
)
def test_small_is_what_most_objects_are(sides: list[int], small: bool) -> None:
    boxes = np.array([(0, 0, side - 1, side - 1) for side in sides], float).reshape(-1, 4)
    proposals = Proposals(boxes[:, :2], np.ones(len(sides)), boxes)
    assert are_small(proposals) == small
    assert not are_small(replace(proposals, boxes=None))


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
