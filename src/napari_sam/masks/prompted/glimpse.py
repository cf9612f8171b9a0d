"""Glimpse: answers from ready embeddings alone, and encoding ahead of an answer."""

from collections.abc import Iterator, Mapping

from napari_sam.embeddings.at_hand import AtHand, NotAtHandError
from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import PromptSet
from napari_sam.tiles.grid import Tile

from .home_tiles import home_tiles
from .predict import NO_SIZES, predict
from .size import Size


def encode_for(encoder: Encoder, prompts: PromptSet) -> Iterator[Tile]:
    """Encode the tiles of prompts ahead of ``predict``.

    Parameters
    ----------
    encoder : Encoder
        Model, image and tiles.
    prompts : PromptSet
        All on one plane.

    Yields
    ------
    Tile
        Each tile when it is ready, once.
    """
    tiles = (tile for group in prompts.objects.values() for tile in home_tiles(encoder.grid, group))
    yield from encoder.encode(dict.fromkeys(tiles))


def glimpse(
    encoder: Encoder, prompts: PromptSet, sizes: Mapping[int, Size] = NO_SIZES
) -> dict[int, Mask] | None:
    """Masks of objects if no tile has to be encoded first.

    Parameters
    ----------
    encoder : Encoder
        Model, image and tiles.
    prompts : PromptSet
        All on one plane.
    sizes : mapping of int to Size
        See :func:`~napari_sam.masks.prompted.predict.predict`.

    Returns
    -------
    dict of int to Mask, or None
        The masks that ``predict`` would give; None if a tile would have to be encoded first.
    """
    try:
        return predict(AtHand(encoder), prompts, sizes)
    except NotAtHandError:
        return None
