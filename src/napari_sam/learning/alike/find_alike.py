"""Find alike: from a few examples, proposals of the other objects of their kind."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.feature import peak_local_max

from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import LearningError
from napari_sam.image.volume import Plane
from napari_sam.masks.automatic.enlarged import SMALL
from napari_sam.masks.automatic.everything import likely_masks, not_cut
from napari_sam.masks.automatic.overlaps import FREE_SHARE, suppress_overlaps
from napari_sam.masks.automatic.propose import Proposals, propose
from napari_sam.masks.automatic.settled import centred_in, settle
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.blank import is_constant
from napari_sam.tiles.bbox import BBox, intersection, place
from napari_sam.tiles.grid import Tile

from .alike_mask import AlikeMask
from .kind import Kind, learn_kind
from .teach_kind import FULL, teach_kind

LIKELY = 0.1
"""Probability of an object, up to which a peak of the proposal head is no proposal; the similarity
decides about the rest."""

LEAST_SIMILARITY = 0.1
"""Similarity below which a mask is not proposed at all."""

SIMILAR = 0.7
"""Similarity from which on most proposals are right: where a threshold may begin."""

PEAK = 0.5
"""Smoothed probability of the kind below which a place without a proposal is not clicked."""


@dataclass(frozen=True, slots=True, eq=False)
class AlikeStep:
    """Progress of :func:`find_alike`.

    Parameters
    ----------
    done, total : int
        Steps of the lesson and tiles so far, and in all.
    tile : Tile or None
        The tile that was searched; None during the lesson.
    masks : tuple of AlikeMask
        Proposals that no tile to come can change, most similar first.
    """

    done: int
    total: int
    tile: Tile | None = None
    masks: tuple[AlikeMask, ...] = ()


def find_alike(
    encoder: Encoder,
    examples: Sequence[Mask],
    others: Sequence[Mask] = (),
    planes: Iterable[Plane] | None = None,
    within: BBox | None = None,
    learn: bool = True,
) -> Iterator[AlikeStep]:
    """Find the other objects of the kind of a few examples.

    A copy of the model learns from the examples. It draws all likely objects, and objects at peaks
    of the map of the kind that it does not propose itself. Of those that overlap, the most similar
    is kept. Nothing is painted, and the model of the encoder stays as it is.

    Parameters
    ----------
    encoder : Encoder
        Of the image.
    examples : sequence of Mask
        One or more objects of the kind; they are not proposed again.
    others : sequence of Mask
        Objects of other kinds: what is more like them is less similar. Not proposed either.
    planes : iterable of tuple of int, optional
        Planes to search; all by default.
    within : tuple of int, optional
        ``(y0, x0, y1, x1)``, data pixels: only objects whose middle lies in this region, in full.
    learn : bool
        Whether a copy of the model learns first; without, the model is asked as it is. A model
        that proposes no boxes never learns.

    Yields
    ------
    AlikeStep
        One for each step of the lesson, then for each tile. A threshold may choose among the masks
        by their similarity later, without asking the model again.

    Raises
    ------
    LearningError
        If there is no example, an example is empty, or nothing can be learned from the examples.
    """
    examples, others = _checked(examples), tuple(mask for mask in others if not mask.empty)
    chosen = encoder.volume.planes() if planes is None else planes
    region = encoder.grid.bbox if within is None else within
    tiles_by_plane = [tuple(encoder.grid.overlapping(plane, region)) for plane in chosen]
    learns = learn and encoder.model.config.proposal_boxes
    done, steps = 0, FULL.steps if learns else 0
    total = steps + sum(map(len, tiles_by_plane))
    if learns:
        model = encoder.model
        for done, model in enumerate(teach_kind(encoder, examples, others), 1):  # noqa: B007
            yield AlikeStep(done, total)
        parts = encoder.volume, encoder.mapping, encoder.grid
        encoder = Encoder(model, *parts, None, encoder.closer)
    kind = learn_kind(encoder, examples, others)
    for tiles in tiles_by_plane:
        found = ((tile, _in_tile(encoder, kind, tile, (*examples, *others))) for tile in tiles)
        for tile, settled in settle(encoder.grid, tiles, found):
            done += 1
            masks = (mask for mask in settled if isinstance(mask, AlikeMask))
            inside = tuple(mask for mask in masks if centred_in(region, mask.bbox))
            yield AlikeStep(done, total, tile, inside)


def _checked(examples: Sequence[Mask]) -> tuple[Mask, ...]:
    if not examples or any(mask.empty for mask in examples):
        raise LearningError("there is no example, or an empty one: give the mask of an object")
    return tuple(examples)


def _in_tile(encoder: Encoder, kind: Kind, tile: Tile, known: Sequence[Mask]) -> tuple[Mask, ...]:
    """Objects of a tile without common pixels, the most similar first; without known ones."""
    tile_pixels = encoder.read(tile)
    if is_constant(tile_pixels[0]):
        return ()
    model, embedding = encoder.model, encoder.get(tile, tile_pixels)
    kind_map = kind.map_of(model.config, embedding)
    free = ~_drawn(known, tile)

    def rated(masks: Iterable[Mask]) -> Iterator[AlikeMask]:
        for mask in masks:
            pixels = mask.pixels & free[place(mask.bbox, tile.bbox)]
            if np.count_nonzero(pixels) > FREE_SHARE * mask.area:
                similarity = kind.compare(mask, kind_map, tile)
                if similarity >= LEAST_SIMILARITY:
                    yield _alike(replace(mask, pixels=pixels, low_res_logits=None), similarity)

    enlarge = encoder.enlarge if encoder.closer and kind.side < SMALL else None
    likely = partial(propose, centre=LIKELY, foreground=LIKELY)
    masks = list(rated(likely_masks(model, embedding, likely, enlarge)))
    if model.instance_decoder is None:
        points = _peaks(np.where(free & ~_drawn(masks, tile), kind_map, 0), kind.width)
        clicks = Proposals(points, np.ones(len(points)))
        masks += rated(likely_masks(model, embedding, lambda _: clicks))
    return tuple(not_cut(suppress_overlaps(masks, tile), encoder.grid, tile))


def _alike(mask: Mask, similarity: float) -> AlikeMask:
    scores = mask.iou, mask.object_score
    return AlikeMask(mask.plane, mask.bbox, mask.pixels, *scores, similarity=similarity).tight()


def _drawn(masks: Iterable[Mask], tile: Tile) -> NDArray[np.bool_]:
    """Pixels ``(height, width)`` bool of a tile that belong to one of the masks."""
    drawn = np.zeros((tile.height, tile.width), bool)
    for mask in masks:
        if mask.plane == tile.plane and (part := intersection(mask.bbox, tile.bbox)) is not None:
            drawn[place(part, tile.bbox)] |= mask.pixels[place(part, mask.bbox)]
    return drawn


def _peaks(kind_map: NDArray[np.float32], width: float) -> NDArray[np.float64]:
    """Middles ``(N, 2)`` yx of places of the kind that are about as wide as the examples."""
    smooth = gaussian_filter(kind_map, width / 4)
    apart = max(1, round(width / 2))
    peaks = peak_local_max(smooth, apart, threshold_abs=PEAK, exclude_border=False)
    return np.asarray(peaks, np.float64)
