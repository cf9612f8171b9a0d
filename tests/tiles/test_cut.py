"""An object is cut where it touches a side of its window beyond which the image continues."""

from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.tiles.bbox import BBox, grown, holds, intersection
from napari_sam.tiles.cut import cut_sides, inner_sides, is_cut
from napari_sam.tiles.grid import TileGrid


@st.composite
def boxes_within(draw: st.DrawFn, outer: BBox) -> BBox:
    """A box of at least one pixel in another one."""
    y0, x0 = draw(st.integers(outer[0], outer[2] - 1)), draw(st.integers(outer[1], outer[3] - 1))
    return y0, x0, draw(st.integers(y0 + 1, outer[2])), draw(st.integers(x0 + 1, outer[3]))


@st.composite
def nested(draw: st.DrawFn) -> tuple[BBox, BBox, BBox]:
    """An object in a window in a region."""
    region = draw(boxes_within((0, 0, 12, 12)))
    window = draw(boxes_within(region))
    return draw(boxes_within(window)), window, region


def test_a_side_cuts_where_it_is_touched_and_the_region_continues() -> None:
    window, region = (10, 0, 20, 30), (0, 0, 20, 100)
    assert inner_sides(window, region) == (True, False, False, True)
    assert cut_sides((10, 0, 20, 30), window, region) == (True, False, False, True)
    assert cut_sides((11, 0, 20, 29), window, region) == (False, False, False, False)
    assert cut_sides((11, 0, 20, 29), window, region, margin=2) == (True, False, False, True)
    assert cut_sides((11, 0, 20, 29), window, region, margin=0) == (False, False, False, False)
    assert not is_cut(region, region, region)


@given(nested())
def test_an_object_is_cut_where_a_pixel_beside_it_lies_outside_its_window(
    boxes: tuple[BBox, BBox, BBox],
) -> None:
    bbox, window, region = boxes
    beside = {(y, x) for y in range(bbox[0] - 1, bbox[2] + 1) for x in range(bbox[1], bbox[3])}
    beside |= {(y, x) for y in range(bbox[0], bbox[2]) for x in range(bbox[1] - 1, bbox[3] + 1)}
    in_region = {p for p in beside if holds(region, (*p, p[0] + 1, p[1] + 1))}
    in_window = {p for p in beside if holds(window, (*p, p[0] + 1, p[1] + 1))}
    assert is_cut(bbox, window, region) == (in_region != in_window)


@given(nested(), st.integers(0, 9))
def test_an_object_is_not_cut_if_its_window_holds_it_with_the_margin_that_the_region_has(
    boxes: tuple[BBox, BBox, BBox], margin: int
) -> None:
    bbox, window, region = boxes
    around = intersection(grown(bbox, margin), region)
    assert around is not None
    assert is_cut(bbox, window, region, margin) == (not holds(window, around))


@given(nested())
def test_touching_is_a_shared_side(boxes: tuple[BBox, BBox, BBox]) -> None:
    bbox, window, region = boxes
    assert cut_sides(bbox, window, region) == (
        bbox[0] <= window[0] > region[0],
        bbox[1] <= window[1] > region[1],
        bbox[2] >= window[2] < region[2],
        bbox[3] >= window[3] < region[3],
    )


@settings(deadline=None)
@given(st.data(), st.integers(1, 60), st.integers(1, 60), st.integers(2, 20))
def test_tiles_behind_an_object_are_those_next_to_the_sides_that_cut_it(
    data: st.DataObject, height: int, width: int, tile_size: int
) -> None:
    grid = TileGrid(height, width, tile_size, data.draw(st.integers(0, tile_size - 1)))
    row = data.draw(st.integers(0, grid.rows - 1))
    tile = grid.tile((), row, data.draw(st.integers(0, grid.cols - 1)))
    bbox = data.draw(boxes_within(tile.bbox))
    touched = [
        (tile.row - 1) if bbox[0] <= tile.y0 else None,
        (tile.row + 1) if bbox[2] >= tile.y1 else None,
    ]
    rows = {tile.row, *(r for r in touched if r is not None and 0 <= r < grid.rows)}
    touched = [
        (tile.col - 1) if bbox[1] <= tile.x0 else None,
        (tile.col + 1) if bbox[3] >= tile.x1 else None,
    ]
    cols = {tile.col, *(c for c in touched if c is not None and 0 <= c < grid.cols)}
    places = [(r, c) for r in sorted(rows) for c in sorted(cols) if (r, c) != (tile.row, tile.col)]
    assert [(t.row, t.col) for t in grid.behind(tile, bbox)] == places
    assert is_cut(bbox, tile.bbox, (0, 0, height, width)) == bool(places)
