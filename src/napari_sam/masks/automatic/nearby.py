"""Nearby: clicks on small objects, answered from the part of the tile around them.

The decoder looks at all tokens of what it is given, whatever the size of the object. A model that
was trained on windows of any size, anywhere on its positional grid, can be given a window of the
features that are there already: a sixteenth of a tile costs a sixteenth.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import Answer, decode
from napari_sam.model.config import PATCH
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import PointPrompt, PromptSet
from napari_sam.tiles.grid import Tile, TileGrid

WINDOWS = (16, 32)
"""Sides of the windows in tokens, tried one after the other until the object fits in."""

Clicks = Mapping[int, PointPrompt]


def decode_nearby(model: Sam, embedding: Embedding, clicks: Clicks) -> dict[int, Answer]:
    """One answer for one click an object.

    Parameters
    ----------
    model : Sam
        The model.
    embedding : Embedding
        Of the tile.
    clicks : mapping
        Object id to a click inside the tile.

    Returns
    -------
    dict
        Object id to its answer; its tile is the window that it was looked for in, or the whole tile
        where the object goes on beyond the window, or the model knows nothing but whole tiles.
    """
    found: dict[int, Answer] = {}
    for size in WINDOWS if model.config.knows_windows else ():
        for window, own in _windows(embedding, size, _others(clicks, found)):
            answers = _decode(model, window, own)
            found |= {i: one for i, one in answers.items() if not is_cut(one, embedding.tile)}
    return found | _decode(model, embedding, _others(clicks, found))


def _others(clicks: Clicks, found: Mapping[int, Answer]) -> Clicks:
    return {i: click for i, click in clicks.items() if i not in found}


def _decode(model: Sam, embedding: Embedding, clicks: Clicks) -> dict[int, Answer]:
    prompts = PromptSet({i: (click,) for i, click in clicks.items()})
    return {i: answer for i, (answer,) in decode(model, embedding, prompts).items()}


def _windows(embedding: Embedding, size: int, clicks: Clicks) -> Iterator[tuple[Embedding, Clicks]]:
    """Windows with the clicks that lie most inwards in each."""
    tile = embedding.tile
    rows, cols = embedding.features.image_embedding.shape[-2:]
    grid = TileGrid(rows, cols, size, size // 2)
    inside: dict[Tile, dict[int, PointPrompt]] = defaultdict(dict)
    for i, click in clicks.items():
        row, col = (
            int(v + 0.5) // PATCH for v in np.subtract(click.position[-2:], (tile.y0, tile.x0))
        )
        inside[grid.best_for(tile.plane, (row, col, row + 1, col + 1))][i] = click
    for place, own in inside.items():
        yield embedding.window(place.bbox), own


def is_cut(answer: Answer, tile: Tile) -> bool:
    """Whether the object reaches a side of its window that is none of the tile.

    Parameters
    ----------
    answer : Answer
        Its tile is the window.
    tile : Tile
        That the window is a part of.
    """
    seen, logits = answer.tile, answer.low_res_logits
    return bool(
        (seen.y0 > tile.y0 and logits[0].max() > 0)
        or (seen.x0 > tile.x0 and logits[:, 0].max() > 0)
        or (seen.y1 < tile.y1 and logits[-1].max() > 0)
        or (seen.x1 < tile.x1 and logits[:, -1].max() > 0)
    )
