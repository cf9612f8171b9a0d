"""Tile order: the likely order of tiles to be clicked on; no Qt, no napari."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product

from napari_sam.image.volume import Plane
from napari_sam.tiles.bbox import BBox, union
from napari_sam.tiles.grid import Tile, TileGrid

AROUND = 16
"""Largest number of tiles to encode around a view: half a minute of work on a laptop."""

_PLANES_AHEAD = 3
"""Number of next planes whose tiles in view are encoded ahead, in the direction of the last move;
on both sides before the first move."""

_NEIGHBOURS = (-1, 0, 1)
"""Steps along rows or columns from a tile to its neighbours and itself."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """Visible region of an image, and the last moves of the user.

    Parameters
    ----------
    plane : tuple of int
        Index of the leading axes.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels.
    step : tuple of int
        The last move through the planes, one of -1, 0, 1 for each axis; all 0 before the first.
    pan : tuple of int
        The last move in the plane along y and x, one of -1, 0, 1 each.
    through_planes : bool
        Whether the last move was one through the planes.
    """

    plane: Plane
    bbox: BBox
    step: tuple[int, ...] = ()
    pan: tuple[int, int] = (0, 0)
    through_planes: bool = False

    def moved_to(self, plane: Plane, bbox: BBox) -> "Viewport":
        """View after a move, with the last directions kept."""
        if len(plane) != len(self.plane):
            return Viewport(plane, bbox)
        step = tuple(_sign(new - old) for new, old in zip(plane, self.plane, strict=True))
        pan = (_drift(self.bbox, bbox, 0), _drift(self.bbox, bbox, 1))
        if any(step):
            return Viewport(plane, bbox, step, self.pan, True)
        if any(pan):
            return Viewport(plane, bbox, self.step, pan, False)
        return Viewport(plane, bbox, self.step, self.pan, self.through_planes)


def around(grid: TileGrid, planes: Sequence[int], view: Viewport) -> Iterator[Tile]:
    """Tiles most likely to be clicked on next.

    Parameters
    ----------
    grid : TileGrid
        Of each plane.
    planes : sequence of int
        Number of planes along each leading axis.
    view : Viewport
        Its tiles come first.

    Yields
    ------
    Tile
        Each once, no more than :data:`AROUND`.
    """
    return islice(_once(_near(grid, planes, view)), AROUND)


def everywhere(grid: TileGrid, planes: Sequence[int], view: Viewport) -> Iterator[Tile]:
    """All tiles, in the order in which the user will probably click in them.

    Parameters are as for :func:`around`; the tiles from there come first.

    Yields
    ------
    Tile
        Each once.
    """
    far = (
        tile
        for plane in _planes_by_distance(planes, view)
        for tile in _by_distance(grid.tiles(plane), view)
    )
    return _once(chain(_near(grid, planes, view), far))


def in_view(grid: TileGrid, plane: Plane, bbox: BBox) -> list[Tile]:
    """Tiles for clicks in a part of a plane, the middle first.

    Not all tiles with pixels of the part: where tiles overlap, the best tile for a click counts.
    """
    first = grid.best_for(plane, (bbox[0], bbox[1], bbox[0] + 1, bbox[1] + 1))
    last = grid.best_for(plane, (bbox[2] - 1, bbox[3] - 1, bbox[2], bbox[3]))
    rows, cols = range(first.row, last.row + 1), range(first.col, last.col + 1)
    tiles = [grid.tile(plane, row, col) for row, col in product(rows, cols)]
    return _by_distance(tiles, Viewport(plane, bbox))


def _near(grid: TileGrid, planes: Sequence[int], view: Viewport) -> Iterator[Tile]:
    visible = in_view(grid, view.plane, view.bbox)
    yield from visible
    groups = [_ring(grid, view, visible), _next_planes(grid, planes, view)]
    for group in reversed(groups) if view.through_planes else groups:
        yield from group


def _ring(grid: TileGrid, view: Viewport, visible: Sequence[Tile]) -> list[Tile]:
    """Neighbours of the tiles in view, in the direction of the last move first."""
    rows, cols = (
        {t.row + d for t in visible for d in _NEIGHBOURS},
        {t.col + d for t in visible for d in _NEIGHBOURS},
    )
    places = product(sorted(rows & set(range(grid.rows))), sorted(cols & set(range(grid.cols))))
    tiles = [grid.tile(view.plane, row, col) for row, col in places]
    y, x = _middle(union(tile.bbox for tile in visible))

    def behind(tile: Tile) -> bool:
        ty, tx = _middle(tile.bbox)
        return view.pan[0] * (ty - y) + view.pan[1] * (tx - x) <= 0

    return sorted(_by_distance(tiles, view), key=behind)


def _next_planes(grid: TileGrid, planes: Sequence[int], view: Viewport) -> Iterator[Tile]:
    """Tiles in view on the next planes, in the direction of the user or on both sides.

    After a first move, the plane that the user came from is the last.
    """
    ways = [view.step] if any(view.step) else _both_ways(planes)
    back = [tuple(-s for s in view.step)] if any(view.step) else []
    moves = [(way, k) for k in range(1, _PLANES_AHEAD + 1) for way in ways]
    for way, k in [*moves, *((way, 1) for way in back)]:
        plane = tuple(p + k * s for p, s in zip(view.plane, way, strict=True))
        if all(0 <= p < n for p, n in zip(plane, planes, strict=True)):
            yield from in_view(grid, plane, view.bbox)


def _both_ways(planes: Sequence[int]) -> list[tuple[int, ...]]:
    """Steps forward and back along the last axis with several planes; none for a single plane."""
    long = [axis for axis, n in enumerate(planes) if n > 1]
    if not long:
        return []
    return [tuple(way * (axis == long[-1]) for axis in range(len(planes))) for way in (1, -1)]


def _planes_by_distance(planes: Sequence[int], view: Viewport) -> list[Plane]:
    """Planes of the user's stack, ahead and then back; then planes of other stacks."""
    ways = [view.step] if any(view.step) else _both_ways(planes)
    way = ways[0] if ways else (0,) * len(planes)

    def rank(plane: Plane) -> tuple[int, bool, int]:
        moves = [p - start for p, start in zip(plane, view.plane, strict=True)]
        along = sum(move * s for move, s in zip(moves, way, strict=True))
        beside = sum(abs(move) for move, s in zip(moves, way, strict=True) if not s)
        return beside, along < 0, abs(along)

    return sorted(product(*map(range, planes)), key=rank)


def _by_distance(tiles: Sequence[Tile] | Iterator[Tile], view: Viewport) -> list[Tile]:
    y, x = _middle(view.bbox)

    def distance(tile: Tile) -> float:
        ty, tx = _middle(tile.bbox)
        return (ty - y) ** 2 + (tx - x) ** 2

    return sorted(tiles, key=distance)


def _once(tiles: Iterator[Tile]) -> Iterator[Tile]:
    past: set[Tile] = set()
    for tile in tiles:
        if tile not in past:
            past.add(tile)
            yield tile


def _middle(bbox: BBox) -> tuple[float, float]:
    return (bbox[0] + bbox[2]) / 2, (bbox[1] + bbox[3]) / 2


def _drift(old: BBox, new: BBox, axis: int) -> int:
    """Direction of a move along an axis, -1, 0 or 1; a zoom is no move."""
    start, stop = new[axis] - old[axis], new[axis + 2] - old[axis + 2]
    return _sign(start + stop) if start * stop >= 0 else 0


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
