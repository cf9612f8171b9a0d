"""Tiny objects that touch: bacteria in a colony are told apart, by clicks and automatically."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.colonies import colony
from napari_sam import BoxPrompt, PointPrompt, Session
from napari_sam.evaluate.automatic import paint_found
from napari_sam.evaluate.matching import detect
from napari_sam.evaluate.objects import objects_of, spread
from napari_sam.masks.automatic.enlarged import SMALL, ZOOM, median_side
from napari_sam.masks.automatic.propose import Proposals, propose
from napari_sam.masks.automatic.zoom import (
    GAIN,
    LARGEST_ZOOM,
    TINY,
    are_tiny,
    foreground_boxes,
    zoom_for_side,
)
from napari_sam.masks.second_look.tiny import proposals_in
from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model


@pytest.fixture(scope="module")
def model() -> Sam:
    return load_model("cells-tiny", "cpu")


def test_rods_of_six_pixels_are_found_one_by_one(model: Sam) -> None:
    image, truth = colony(6, 1)
    colonies, rods = (
        detect(
            truth, paint_found(Session.open(image, model=model, cache_dir=False, closer=c), ())[0]
        )
        for c in (False, True)
    )
    assert colonies.ap50 < 0.1
    assert rods.ap50 > 0.6


def test_a_click_on_a_rod_of_a_colony_is_the_rod(model: Sam) -> None:
    image, truth = colony(6, 1)
    rods = spread(list(objects_of(truth)), 6)
    session = Session.open(image, model=model, cache_dir=False)
    plain = Session.open(image, model=model, cache_dir=False, closer=False)
    clicks = [{1: [PointPrompt(rod.click)]} for rod in rods]
    answers = [session.predict_objects(click)[1] for click in clicks]
    first = [plain.predict_objects(click)[1] for click in clicks]
    ious = [rod.iou(mask) for rod, mask in zip(rods, answers, strict=True)]
    before = [rod.iou(mask) for rod, mask in zip(rods, first, strict=True)]
    assert np.mean(ious) > np.mean(before) + 0.2
    box = rods[0].bbox
    prompt = BoxPrompt((box[0], box[1]), (box[2] - 1, box[3] - 1))
    assert rods[0].iou(session.predict_objects({1: [prompt]})[1]) > 0.4


@given(st.floats(0.5, 200))
def test_the_zoom_is_a_multiple_of_a_quarter_within_limits(side: float) -> None:
    zoom = zoom_for_side(side)
    assert zoom == 1 if side >= SMALL else ZOOM <= zoom <= LARGEST_ZOOM
    assert 4 * zoom == round(4 * zoom)
    assert zoom_for_side(side / 2) >= zoom


def proposals(count: int, side: float, score: float) -> Proposals:
    boxes = np.tile([0.0, 0.0, side - 1, side - 1], (count, 1))
    return Proposals(boxes[:, :2], np.full(count, score), boxes)


@pytest.mark.parametrize(
    ("count", "side", "score", "tiny"),
    [
        (30, 36, 0.75, True),
        (5, 36, 0.75, False),  # not more objects
        (30, 3 * TINY, 0.75, False),  # parts of large objects
        (30, 36, 0.6 + GAIN, False),  # no surer
        (0, 36, 0.75, False),
    ],
)
def test_more_and_smaller_and_surer_objects_are_tiny(
    count: int, side: float, score: float, tiny: bool
) -> None:
    assert are_tiny(proposals(5, 60, 0.6), proposals(count, side, score), 3.0) == tiny
    assert median_side(proposals(3, 36, 0.5)) == 36
    assert median_side(replace(proposals(3, 36, 0.5), boxes=None)) == np.inf


def test_foreground_and_proposals_of_a_region_lie_in_it(model: Sam) -> None:
    image, truth = colony(9, 0)
    session = Session.open(image[:250, :230], model=model, cache_dir=False)
    (tile,) = session.encoder.grid.tiles(())
    embedding = session.encoder.get(tile)
    boxes = foreground_boxes(embedding)
    covered = np.zeros((256, 240), bool)
    for y0, x0, y1, x1 in boxes.astype(int):
        assert (y1 - y0, x1 - x0) == (16, 16)
        covered[y0:y1, x0:x1] = True
    assert covered[:250, :230][truth[:250, :230] > 0].mean() > 0.95
    region = (33, 50, 141, 181)
    points = propose(embedding).points
    inside = ((points >= region[:2]) & (points < region[2:])).all(axis=1)
    near = proposals_in(embedding, region)
    # at the cut, peaks of the smoothed map may differ by a few
    assert 0.8 * inside.sum() <= len(near) <= 1.3 * inside.sum()
    assert len(proposals_in(embedding, (-90, -90, 900, 900))) == len(points)


def test_models_without_proposals_have_no_tiny_objects(tiny_model: Sam) -> None:
    plain = Session.open(np.eye(96, dtype=np.uint8), model=tiny_model, cache_dir=False)
    (tile,) = plain.encoder.grid.tiles(())
    embedding = plain.encoder.get(tile)
    headless = replace(embedding, features=replace(embedding.features, proposals=None))
    assert len(proposals_in(headless, (0, 0, 96, 96))) == 0
    assert foreground_boxes(headless).shape == (0, 4)
