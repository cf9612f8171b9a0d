"""Predict: the tiles of prompts, masks that stay in their boxes, clicks added to a mask."""

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.across_tiles import inside_boxes
from napari_sam.masks.prompted.home_tiles import home_tiles
from napari_sam.masks.prompted.predict import with_middle
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt
from napari_sam.tiles.grid import TileGrid


def test_home_tile_is_where_the_prompt_lies_inwards() -> None:
    grid = TileGrid(3000, 3000, tile_size=1024, overlap=192)
    (tile,) = home_tiles(grid, (PointPrompt((100.0, 840.0)),))
    assert (tile.row, tile.col) == (0, 0)
    (tile,) = home_tiles(grid, (PointPrompt((100.0, 1000.0)),))
    assert (tile.row, tile.col) == (0, 1)
    (tile,) = home_tiles(grid, (BoxPrompt((800.0, 800.0), (1010.0, 1010.0)),))
    assert tile.y0 <= 800
    assert tile.y1 > 1010
    wide = home_tiles(grid, (BoxPrompt((100.0, 100.0), (200.0, 1900.0)),))
    assert [t.col for t in wide] == [0, 1, 2]


def test_mask_does_not_leave_its_box_unless_clicked_there() -> None:
    mask = Mask((), (0, 0, 100, 100), np.ones((100, 100), bool), 0.9, 5)
    box = BoxPrompt((20.0, 30.0), (59.0, 69.0))
    assert inside_boxes(mask, (box,)).bbox == (14, 24, 66, 76)
    assert inside_boxes(mask, (box, PointPrompt((40.0, 40.0)))).area == 52 * 52
    assert inside_boxes(mask, (box, PointPrompt((90.0, 40.0)))).area == 100 * 100
    assert inside_boxes(mask, (PointPrompt((40.0, 40.0)),)).area == 100 * 100
    far = Mask((), (80, 80, 90, 90), np.ones((10, 10), bool), 0.9, 5)
    assert inside_boxes(far, (box,)).empty


def test_a_mask_with_clicks_beside_it_is_also_clicked_in_its_middle() -> None:
    pixels = np.zeros((21, 41), bool)
    pixels[1:20, 1:20] = pixels[7:14, 1:40] = True
    mask = MaskPrompt((), 100, 200, pixels)
    beside = PointPrompt((110.0, 235.0), 0)
    assert with_middle((mask, beside)) == (mask, beside, PointPrompt((110.0, 210.0)))
    # not where the click itself is: the largest circle that it leaves free
    middle = PointPrompt((110.0, 210.0), 0)
    (*own, added) = with_middle((mask, middle))
    assert own == [mask, middle]
    assert added.is_foreground
    y, x = (round(v - start) for v, start in zip(added.position, (100, 200), strict=True))
    assert pixels[y, x]
    assert 3 <= np.hypot(y - 10, x - 10) <= 10
    far = PointPrompt((90.0, 190.0), 0)
    assert with_middle((mask, far)) == (mask, far, PointPrompt((110.0, 210.0)))


def test_what_is_pointed_at_already_is_not_clicked_again() -> None:
    mask = MaskPrompt((), 3, 4, np.ones((9, 9), bool))
    beside, on = PointPrompt((5.0, 5.0), 0), PointPrompt((7.0, 7.0))
    box = BoxPrompt((2.0, 2.0), (14.0, 14.0))
    nothing_left = MaskPrompt((), 5, 5, np.ones((1, 1), bool))
    for prompts in (
        (mask,),
        (on, beside),
        (mask, beside, on),
        (mask, beside, box),
        (nothing_left, beside),
    ):
        assert with_middle(prompts) == prompts
