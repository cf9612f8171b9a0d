"""Gather: labels of an image, perhaps of a few objects alone, to a lesson."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import LearningError
from napari_sam.evaluate.objects import labelled_pixels
from napari_sam.image.volume import Plane
from napari_sam.labels.label_array import LabelArray
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox, grown, intersection, place, union
from napari_sam.tiles.cut import is_cut
from napari_sam.tiles.grid import Tile

from .lesson import Lesson, Page

Key = TypeVar("Key")
Value = TypeVar("Value")

FEWEST_OBJECTS = 3
"""Accepted objects below which nothing is learned."""

MOST_OBJECTS = 200
"""Objects of a lesson, at most: of more, some are chosen at equal distances in reading order."""

SMALLEST_AREA = 16
"""Pixels below which an object is left out: a click by mistake, or the tip of an object."""

RING = 3
"""Pixels around an accepted object that are known not to belong to it, nor to a neighbour that
would be seen as one with it."""

MARGIN = 192
"""Pixels around the objects of a page: a window turned and reduced still lies inside of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """An accepted object on a plane.

    Parameters
    ----------
    tile : Tile
        Tile that shows the whole object.
    label : int
        Label of the object.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels.
    """

    tile: Tile
    label: int
    bbox: BBox


def gather(
    encoder: Encoder,
    labels: LabelArray,
    tiles: Iterable[Tile],
    complete: Sequence[tuple[Plane, BBox]] = (),
    dropped: Sequence[Mask] = (),
    fewest: int = FEWEST_OBJECTS,
) -> Lesson:
    """Collect the accepted objects of an image.

    A pixel without a label is unknown, and never background, but for a thin ring around each
    object, regions that were declared complete, and masks that the user dropped.

    Parameters
    ----------
    encoder : Encoder
        Of the image.
    labels : array-like
        ``volume.label_shape`` integers, 0 where nothing was accepted.
    tiles : iterable of Tile
        Tiles of the encoder's grid to look at.
    complete : sequence of tuple
        Planes and boxes ``(y0, x0, y1, x1)``, data pixels, in which every object has a label.
    dropped : sequence of Mask
        Masks that were found automatically and refused.
    fewest : int
        Objects below which nothing is learned.

    Returns
    -------
    Lesson

    Raises
    ------
    LearningError
        If there are fewer than `fewest` objects of at least 16 pixels.
    """
    places = [at for tile in tiles for at in _places(encoder, labels, tile)]
    if len(places) < fewest:
        raise LearningError(
            f"{len(places)} accepted objects are too few to learn from: accept at least "
            f"{fewest} of {SMALLEST_AREA} pixels or more, each whole in its tile"
        )
    if len(places) > MOST_OBJECTS:
        chosen = np.linspace(0, len(places) - 1, MOST_OBJECTS).round().astype(int)
        places = [places[i] for i in chosen]
    by_tile = _by_key((at.tile, at) for at in places)
    refused = _by_key((mask.plane, mask) for mask in dropped)
    regions = _by_key(complete)
    return Lesson(
        tuple(
            _page(encoder, labels, at, regions.get(tile.plane, ()), refused.get(tile.plane, ()))
            for tile, at in by_tile.items()
        )
    )


def _by_key(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, list[Value]]:
    """Values by their keys, in the order in which they come."""
    values_by_key: dict[Key, list[Value]] = {}
    for key, value in pairs:
        values_by_key.setdefault(key, []).append(value)
    return values_by_key


def _places(encoder: Encoder, labels: LabelArray, tile: Tile) -> Iterator[Place]:
    """Yield the whole objects of a tile, if no other tile shows them better."""
    grid = encoder.grid
    pixels = _read_labels(labels, tile.plane, tile.bbox)
    for label, (top, left, bottom, right), inside in labelled_pixels(pixels):
        if np.count_nonzero(inside) < SMALLEST_AREA:
            continue
        bbox = (tile.y0 + top, tile.x0 + left, tile.y0 + bottom, tile.x0 + right)
        if not is_cut(bbox, tile.bbox, grid.bbox) and grid.best_for(tile.plane, bbox) == tile:
            yield Place(tile, label, bbox)


def _page(
    encoder: Encoder,
    labels: LabelArray,
    places: Sequence[Place],
    complete: Sequence[BBox],
    dropped: Sequence[Mask],
) -> Page:
    tile = places[0].tile
    around = grown(union(at.bbox for at in places), MARGIN)
    bbox = intersection(around, encoder.grid.bbox) or encoder.grid.bbox
    pixels = _read_labels(labels, tile.plane, bbox)
    numbers = np.zeros(pixels.shape, np.int32)
    for number, at in enumerate(places, 1):
        inside = place(at.bbox, bbox)
        numbers[inside][pixels[inside] == at.label] = number
    known = binary_dilation(numbers > 0, iterations=RING)
    known &= (pixels == 0) | (numbers > 0)
    for region in complete:
        if (shared := intersection(region, bbox)) is not None:
            known[place(shared, bbox)] = True
    for mask in dropped:
        if (shared := intersection(mask.bbox, bbox)) is not None:
            known[place(shared, bbox)] |= mask.pixels[place(shared, mask.bbox)]
    rgb = encoder.mapping.apply(encoder.volume.read(tile.plane, *bbox))
    y0, x0 = bbox[:2]
    return Page(
        tile,
        bbox,
        np.asarray(rgb.round().clip(0, 255), np.uint8),
        numbers,
        known,
        tuple((b[0] - y0, b[1] - x0, b[2] - y0, b[3] - x0) for b in (at.bbox for at in places)),
    )


def _read_labels(labels: LabelArray, plane: Plane, bbox: BBox) -> NDArray[np.int64]:
    y0, x0, y1, x1 = bbox
    pixels: NDArray[np.int64] = np.asarray(labels[(*plane, slice(y0, y1), slice(x0, x1))], np.int64)
    return pixels
