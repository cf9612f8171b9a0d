"""Canvases: labelled images packed side by side, with distances and percentiles precomputed."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from napari_sam.learning.windows import inner_distance

from .samples import Sample

SIDE = 1024  # pixels
MOST_CENTRES = 64  # number of objects of a piece above which some get no centre
PERCENTILES = (0.0, 0.5, 2.0, 98.0, 99.8, 100.0)
"""Percentiles of the values of an image, between which random contrast limits are chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Image on a canvas: its place and statistics.

    Parameters
    ----------
    box : tuple of int
        ``(y0, x0, y1, x1)`` on the canvas.
    limits : ndarray
        ``(3, 6)`` float32: :data:`PERCENTILES` of each channel.
    colour : bool
        Whether the image has three channels.
    centres : ndarray
        ``(N, 2)`` float32, yx, canvas pixels: middles of the boxes of objects, all or an
        even selection of them (:data:`MOST_CENTRES`).
    complete : bool
        Whether all objects of the image are labelled.
    """

    box: tuple[int, int, int, int]
    limits: NDArray[np.float32]
    colour: bool
    centres: NDArray[np.float32]
    complete: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Square of packed images; black and unlabelled between the images.

    Parameters
    ----------
    image : ndarray
        ``(3, SIDE, SIDE)`` uint8.
    labels : ndarray
        ``(SIDE, SIDE)`` int16, one number for each object of each image.
    inner : ndarray
        ``(SIDE, SIDE)`` bool, objects inside of objects, such as nuclei of cells.
    depth : ndarray
        ``(SIDE, SIDE)`` float16, distance to the border of the object in pixels, 0 outside.
    pieces : tuple of Piece
        Images and their places.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.int16]
    inner: NDArray[np.bool_]
    depth: NDArray[np.float16]
    pieces: tuple[Piece, ...]


def pack(samples: Iterable[Sample]) -> Iterator[Canvas]:
    """Pack samples into canvases row by row; larger samples are cut."""
    row: list[Sample] = []
    shelves: list[list[Sample]] = []
    width = height = 0
    for sample in (part for uncut in samples for part in _cut(uncut)):
        h, w = sample.labels.shape
        if row and width + w > SIDE:
            shelves.append(row)
            height += max(member.labels.shape[0] for member in row)
            row, width = [], 0
        if height + max([h, *(member.labels.shape[0] for member in row)]) > SIDE:
            yield compose([*shelves, row] if row else shelves)
            shelves, row, width, height = [], [], 0, 0
        row.append(sample)
        width += w
    if row or shelves:
        yield compose([*shelves, row] if row else shelves)


def _cut(sample: Sample) -> Iterator[Sample]:
    """Cut a sample into parts that fit on a canvas, evenly spread and overlapping."""
    for rows in _spans(sample.labels.shape[0]):
        for cols in _spans(sample.labels.shape[1]):
            inner = None if sample.inner is None else sample.inner[rows, cols]
            image, labels = sample.image[rows, cols], sample.labels[rows, cols]
            yield Sample(image, labels, inner, complete=sample.complete)


def _spans(size: int) -> Iterator[slice]:
    count = math.ceil(size / SIDE)
    for start in np.linspace(0, max(0, size - SIDE), count).astype(int):
        yield slice(int(start), min(int(start) + SIDE, size))


def _middles(labels: NDArray[np.integer]) -> NDArray[np.float32]:
    """Middles ``(N, 2)``, yx, of the boxes of objects, an even selection of them if many."""
    places = [place for place in find_objects(labels) if place is not None]
    chosen = places[:: max(1, len(places) // MOST_CENTRES)]
    middles = [[(side.start + side.stop - 1) / 2 for side in place] for place in chosen]
    return np.array(middles, np.float32).reshape(-1, 2)


def compose(shelves: list[list[Sample]]) -> Canvas:
    """Compose a canvas from rows of samples; rows and samples must fit."""
    image = np.zeros((3, SIDE, SIDE), np.uint8)
    labels = np.zeros((SIDE, SIDE), np.int16)
    inner = np.zeros((SIDE, SIDE), bool)
    depth = np.zeros((SIDE, SIDE), np.float16)
    pieces, y, used = [], 0, 0
    for shelf in shelves:
        x = 0
        for sample in shelf:
            h, w = sample.labels.shape
            place = np.s_[y : y + h, x : x + w]
            channels = np.atleast_3d(sample.image).transpose(2, 0, 1)
            image[:, *place] = channels
            ids, numbered = np.unique(sample.labels, return_inverse=True)
            numbered = numbered.reshape(h, w) + (0 if ids[0] == 0 else 1)
            labels[place] = np.where(numbered > 0, numbered + used, 0)
            used += int(numbered.max())
            depth[place] = inner_distance(numbered)
            if sample.inner is not None:
                inner[place] = (sample.inner > 0) & (numbered > 0)
            limits = np.percentile(channels, PERCENTILES, axis=(1, 2)).T.astype(np.float32)
            limits = np.broadcast_to(limits, (3, len(PERCENTILES)))
            middles = _middles(numbered) + np.array([y, x], np.float32)
            box = (y, x, y + h, x + w)
            pieces.append(Piece(box, limits, len(channels) == 3, middles, sample.complete))
            x += w
        y += max(sample.labels.shape[0] for sample in shelf)
    return Canvas(image, labels, inner, depth, tuple(pieces))
