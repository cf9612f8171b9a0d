"""Masks of a kind: the objects of a tile, with their similarity to the examples."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.feature import peak_local_max

from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.automatic.enlarged import are_small
from napari_sam.masks.automatic.everything import ScoredMask, likely_masks, not_cut
from napari_sam.masks.automatic.overlaps import FREE_SHARE, suppress_overlaps
from napari_sam.masks.automatic.propose import Proposals, propose
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.blank import is_constant
from napari_sam.tiles.bbox import intersection, place
from napari_sam.tiles.grid import Tile

from .alike_mask import AlikeMask
from .kind import Kind

LIKELY = 0.1
"""Probability of an object up to which a peak of the proposal head is no proposal; the similarity
decides about all higher peaks."""

LEAST_SIMILARITY = 0.1
"""Similarity below which a mask is not proposed at all."""

PEAK = 0.5
"""Smoothed probability of the kind below which a place without a proposal is not clicked."""


def masks_of_kind(
    encoder: Encoder, kind: Kind, tile: Tile, taken: Sequence[Mask] = ()
) -> tuple[Mask, ...]:
    """Draw the objects of a tile, and compare them with the examples.

    The model draws all its proposals of a low threshold. Where the map of the kind has a peak
    outside of their masks, the model gets a click.

    Parameters
    ----------
    encoder : Encoder
        Of the image.
    kind : Kind
        Learned by the same model.
    tile : Tile
        A tile of the encoder's grid.
    taken : sequence of Mask
        Objects whose pixels belong to no other.

    Returns
    -------
    tuple of AlikeMask
        Most similar first, without common pixels, and without masks that another tile shows whole.
        Empty where the image has a single value.
    """
    tile_pixels = encoder.read(tile)
    if is_constant(tile_pixels[0]):
        return ()
    model, embedding = encoder.model, encoder.get(tile, tile_pixels)
    kind_map = kind.map_of(model.config, embedding)
    free = ~_drawn(taken, tile)

    def compared(masks: Iterable[ScoredMask]) -> Iterator[AlikeMask]:
        for mask, score in masks:
            pixels = mask.pixels & free[place(mask.bbox, tile.bbox)]
            if np.count_nonzero(pixels) > FREE_SHARE * mask.area:
                similarity = kind.compare(mask, score, kind_map, tile)
                if similarity >= LEAST_SIMILARITY:
                    yield _alike(replace(mask, pixels=pixels), similarity)

    is_enlarged = encoder.closer and are_small(propose(embedding))
    enlarge = encoder.enlarge if is_enlarged else None
    likely = partial(propose, centre=LIKELY, foreground=LIKELY)
    masks = list(compared(likely_masks(model, embedding, likely, enlarge)))
    if model.instance_decoder is None:
        clicks = _peaks(np.where(free & ~_drawn(masks, tile), kind_map, 0), kind.width)
        masks += compared(likely_masks(model, embedding, lambda _: clicks))
    return tuple(not_cut(suppress_overlaps(masks, tile), encoder.grid, tile))


def _alike(mask: Mask, similarity: float) -> AlikeMask:
    scores = mask.iou, mask.object_score
    return AlikeMask(mask.plane, mask.bbox, mask.pixels, *scores, similarity=similarity)


def _drawn(masks: Iterable[Mask], tile: Tile) -> NDArray[np.bool_]:
    """Pixels ``(height, width)`` bool of a tile inside of any mask of its plane."""
    drawn = np.zeros((tile.height, tile.width), bool)
    for mask in masks:
        if mask.plane == tile.plane and (part := intersection(mask.bbox, tile.bbox)) is not None:
            drawn[place(part, tile.bbox)] |= mask.pixels[place(part, mask.bbox)]
    return drawn


def _peaks(kind_map: NDArray[np.float32], width: float) -> Proposals:
    """Places of the kind, about as wide as the examples."""
    smooth = gaussian_filter(kind_map, width / 4)
    apart = max(1, round(width / 2))
    peaks = peak_local_max(smooth, apart, threshold_abs=PEAK, exclude_border=False)
    return Proposals(np.asarray(peaks, np.float64), smooth[tuple(peaks.T)].astype(np.float64))
