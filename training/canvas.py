"""Canvases: labelled images packed side by side, with what can be computed of them beforehand."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects

from .samples import Sample

SIDE = 1024
MOST_CENTRES = 64  # of an image
PERCENTILES = (0.0, 0.5, 2.0, 98.0, 99.8, 100.0)
"""Of the values of an image, between which contrast limits are chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One image on a canvas.

    Parameters
    ----------
    box : tuple of int
        ``(y0, x0, y1, x1)`` on the canvas.
    limits : ndarray
        ``(3, 6)`` float32: :data:`PERCENTILES` of each channel.
    colour : bool
        Whether its channels differ.
    centres : ndarray
        ``(N, 2)`` float32, yx, canvas pixels, about the middles of some of its objects.
    """

    box: tuple[int, int, int, int]
    limits: NDArray[np.float32]
    colour: bool
    centres: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A square of images; black and unlabelled between them.

    Parameters
    ----------
    image : ndarray
        ``(3, SIDE, SIDE)`` uint8.
    labels : ndarray
        ``(SIDE, SIDE)`` int16, each object of each image its own number.
    inner : ndarray
        ``(SIDE, SIDE)`` bool, objects inside of objects.
    depth : ndarray
        ``(SIDE, SIDE)`` float16, distance to the object's own border in pixels, 0 outside.
    pieces : tuple of Piece
        What lies where.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.int16]
    inner: NDArray[np.bool_]
    depth: NDArray[np.float16]
    pieces: tuple[Piece, ...]


def inner_distance(labels: NDArray[np.integer]) -> NDArray[np.float32]:
    """Distance of each pixel to its object's own border, in pixels; half a pixel on the border."""
    border = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        change = np.diff(labels, axis=axis) != 0
        border[: -1 if axis == 0 else None, : -1 if axis == 1 else None] |= change
        border[1 if axis == 0 else None :, 1 if axis == 1 else None :] |= change
    inside = np.pad((labels > 0) & ~border, 1, mode="edge")
    depth = distance_transform_edt(inside)[1:-1, 1:-1] + 0.5
    return np.where(labels > 0, depth, 0).astype(np.float32)


def pack(samples: Iterable[Sample]) -> Iterator[Canvas]:
    """Canvases of all samples, in rows; what is larger than a canvas is cut."""
    row: list[Sample] = []
    shelves: list[list[Sample]] = []
    width = height = 0
    for sample in (part for whole in samples for part in _cut(whole)):
        h, w = sample.labels.shape
        if row and width + w > SIDE:
            shelves.append(row)
            height += max(one.labels.shape[0] for one in row)
            row, width = [], 0
        if height + max([h, *(one.labels.shape[0] for one in row)]) > SIDE:
            yield compose([*shelves, row] if row else shelves)
            shelves, row, width, height = [], [], 0, 0
        row.append(sample)
        width += w
    if row or shelves:
        yield compose([*shelves, row] if row else shelves)


def _cut(sample: Sample) -> Iterator[Sample]:
    """Parts of a sample that fit on a canvas, evenly spread, a little overlapping."""
    for rows in _spans(sample.labels.shape[0]):
        for cols in _spans(sample.labels.shape[1]):
            inner = None if sample.inner is None else sample.inner[rows, cols]
            yield Sample(sample.image[rows, cols], sample.labels[rows, cols], inner)


def _spans(size: int) -> Iterator[slice]:
    count = math.ceil(size / SIDE)
    for start in np.linspace(0, max(0, size - SIDE), count).astype(int):
        yield slice(int(start), min(int(start) + SIDE, size))


def _middles(labels: NDArray[np.integer]) -> NDArray[np.float32]:
    """Middles ``(N, 2)`` of the boxes of at most :data:`MOST_CENTRES` objects."""
    places = [place for place in find_objects(labels) if place is not None]
    some = places[:: max(1, len(places) // MOST_CENTRES)]
    middles = [[(side.start + side.stop - 1) / 2 for side in place] for place in some]
    return np.array(middles, np.float32).reshape(-1, 2)


def compose(shelves: list[list[Sample]]) -> Canvas:
    """One canvas of rows of samples."""
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
            ids, own = np.unique(sample.labels, return_inverse=True)
            own = own.reshape(h, w) + (0 if ids[0] == 0 else 1)
            labels[place] = np.where(own > 0, own + used, 0)
            used += int(own.max())
            depth[place] = inner_distance(own)
            if sample.inner is not None:
                inner[place] = (sample.inner > 0) & (own > 0)
            limits = np.percentile(channels, PERCENTILES, axis=(1, 2)).T.astype(np.float32)
            limits = np.broadcast_to(limits, (3, len(PERCENTILES)))
            middles = _middles(own) + np.array([y, x], np.float32)
            pieces.append(Piece((y, x, y + h, x + w), limits, len(channels) == 3, middles))
            x += w
        y += max(sample.labels.shape[0] for sample in shelf)
    return Canvas(image, labels, inner, depth, tuple(pieces))
