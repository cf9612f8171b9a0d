"""Objects of a plane that come before all of its tiles are done are those that come in the end."""

from itertools import permutations

import numpy as np
import pytest

from napari_sam import Session
from napari_sam.masks.automatic.overlaps import best_first
from napari_sam.masks.automatic.settled import TileMasks, join, settle
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import group_parts

GRID = TileGrid(100, 250, tile_size=100, overlap=25)
"""Three tiles: columns 0 to 100, 75 to 175, 150 to 250."""


def at(bbox: BBox, iou: float) -> Mask:
    return Mask((), bbox, np.ones((bbox[2] - bbox[0], bbox[3] - bbox[1]), bool), iou, 9.0)


def seen() -> list[tuple[Tile, tuple[Mask, ...]]]:
    left, middle, right = GRID.tiles(())
    return [
        (left, (at((0, 10, 10, 20), 0.5), at((20, 60, 30, 100), 0.6), at((40, 80, 50, 95), 0.9))),
        (middle, (at((20, 75, 30, 140), 0.7), at((40, 80, 50, 96), 0.8))),
        (right, (at((60, 200, 70, 220), 0.4),)),
    ]


def facts(mask: Mask) -> tuple[BBox, int, float]:
    return mask.bbox, mask.area, round(mask.confidence, 6)


def stitch_masks(segmented: list[TileMasks]) -> tuple[Mask, ...]:
    """Objects of a plane, best first, from all of its tiles at once."""
    parts = [(tile, mask) for tile, masks in segmented for mask in masks]
    return best_first(join([parts[i][1] for i in group]) for group in group_parts(parts))


def settled(grid: TileGrid, segmented: list[TileMasks]) -> tuple[Mask, ...]:
    """The same, best first, tile by tile."""
    steps = settle(grid, list(grid.tiles(())), segmented)
    return best_first(mask for _, masks in steps for mask in masks)


def test_each_object_comes_as_soon_as_no_tile_to_come_reaches_it() -> None:
    first, second, third = (
        [mask.bbox for mask in masks] for _, masks in settle(GRID, list(GRID.tiles(())), seen())
    )
    assert first == [(0, 10, 10, 20)]
    assert second == [(40, 80, 50, 96), (20, 60, 30, 140)]  # the surest first
    assert third == [(60, 200, 70, 220)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_together_they_are_what_all_tiles_give(order: tuple[int, ...]) -> None:
    found = [seen()[i] for i in order]
    assert sorted(map(facts, settled(GRID, found))) == sorted(map(facts, stitch_masks(seen())))


def test_a_region_takes_its_tiles_alone(tiny_model: Sam) -> None:
    image = np.random.default_rng(0).integers(0, 255, (2, 64, 300), dtype=np.uint8)
    session = Session.open(image, axes="ZYX", model=tiny_model, cache_dir=False, tile_size=128)
    planes = [(1,)]
    assert [tile.x0 for tile in session.tiles(planes)] == [0, 104, 172]
    region = (0, 240, 64, 290)
    assert [tile.x0 for tile in session.tiles(planes, region)] == [172]
    steps = list(session.segment_everything(planes, commit=False, within=region))
    assert [(step.tile.x0, step.done, step.total) for step in steps] == [(172, 1, 1)]


def test_halves_seen_by_two_tiles_become_one() -> None:
    grid = TileGrid(100, 180, tile_size=100, overlap=20)
    left, right = grid.tiles(())
    assert (left.x1, right.x0) == (100, 80)
    a = Mask((), (40, 70, 60, 100), np.ones((20, 30), bool), 0.9, 5)
    b = Mask((), (40, 80, 60, 130), np.ones((20, 50), bool), 0.8, 5)
    other = Mask((), (10, 84, 20, 94), np.ones((10, 10), bool), 0.7, 5)
    whole, alone = settled(grid, [(left, (a,)), (right, (b, other))])
    assert whole.bbox == (40, 70, 60, 130)
    assert whole.area == 20 * 60
    assert alone.bbox == other.bbox


def test_touching_objects_of_one_tile_stay_two() -> None:
    grid = TileGrid(100, 180, tile_size=100, overlap=20)
    left, right = grid.tiles(())
    touching = (at((0, 0, 20, 20), 0.9), at((0, 20, 20, 40), 0.9))
    assert len(settled(grid, [(left, touching), (right, ())])) == 2
