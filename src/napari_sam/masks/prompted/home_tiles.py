"""Home tiles: the tiles for decoding the prompts of an object first."""

from napari_sam.prompts.prompt import Prompt
from napari_sam.tiles.bbox import BBox, holds, union
from napari_sam.tiles.grid import Tile, TileGrid


def home_tiles(grid: TileGrid, prompts: tuple[Prompt, ...]) -> tuple[Tile, ...]:
    """The fewest tiles around the prompts of an object.

    Parameters
    ----------
    grid : TileGrid
        Tiles of the image.
    prompts : tuple of Prompt
        Of one object, all on one plane.

    Returns
    -------
    tuple of Tile
        The tile in which all prompts together lie most inwards, if it holds them. Otherwise the
        best tile of each foreground prompt, or all tiles that a prompt larger than a tile overlaps.
    """
    plane = prompts[0].plane
    together = union(_clipped(grid, prompt.bbox) for prompt in prompts)
    best = grid.best_for(plane, together)
    if holds(best.bbox, together):
        return (best,)
    tiles: dict[Tile, None] = {}
    for prompt in (p for p in prompts if p.is_foreground):
        best = grid.best_for(plane, prompt.bbox)
        if holds(best.bbox, prompt.bbox):
            tiles[best] = None
        else:
            tiles |= dict.fromkeys(grid.overlapping(plane, prompt.bbox))
    return tuple(tiles)


def _clipped(grid: TileGrid, bbox: BBox) -> BBox:
    """The part of a box inside the image."""
    y0, x0, y1, x1 = bbox
    return max(y0, 0), max(x0, 0), min(y1, grid.height), min(x1, grid.width)
