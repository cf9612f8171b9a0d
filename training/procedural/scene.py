"""Scene of labelled objects, with distances to their borders."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import distance_transform_edt
from skimage.measure import label as connected_components

from .fields import Image, Labels, Mask, Shape, blur


def borders(labels: Labels) -> Mask:
    """Border pixels ``(H, W)`` bool of objects: a 4-neighbour has another label."""
    edge = np.zeros(labels.shape, bool)
    down, right = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= right
    edge[:, :-1] |= right
    return edge & (labels > 0)


def compact(labels: Labels, smallest: int = 12) -> Labels:
    """Remove objects below ``smallest`` pixels, and number the others from 1."""
    keep = np.bincount(labels.ravel()) >= smallest
    keep[0] = False
    number = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return number[labels]


def one_piece(labels: Labels) -> Labels:
    """Keep the largest connected piece of each object."""
    pieces = connected_components(labels, background=0, connectivity=1)
    if pieces.max() == len(np.unique(labels)) - 1:
        return labels
    areas = np.bincount(pieces.ravel())
    owner = np.zeros(len(areas), np.int64)
    owner[pieces.ravel()] = labels.ravel()
    largest = np.zeros(int(labels.max()) + 1, np.int64)
    for piece in np.argsort(areas):
        largest[owner[piece]] = piece
    return np.where(pieces == largest[labels], labels, 0).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Scene:
    """Labelled objects that a look renders.

    Parameters
    ----------
    labels : ndarray
        ``(H, W)`` int32, 0 for background.
    inner : ndarray or None
        ``(H, W)`` int32: nuclei with the labels of their objects.
    overlap : ndarray or None
        ``(H, W)`` bool: pixels of objects with another object behind.
    """

    labels: Labels
    inner: Labels | None = None
    overlap: Mask | None = None

    @property
    def shape(self) -> Shape:
        """Height and width."""
        return self.labels.shape[0], self.labels.shape[1]

    @cached_property
    def inside(self) -> Mask:
        """Union of all objects."""
        return self.labels > 0

    @cached_property
    def depth(self) -> Image:
        """Distance in pixels to the nearest border, negative in the background."""
        edge = borders(self.labels)
        if not edge.any():
            return np.where(self.inside, 50, -50).astype(np.float32)
        distance = distance_transform_edt(~edge).astype(np.float32)
        return np.where(self.inside, distance + 0.5, 0.5 - distance)

    @cached_property
    def deepest(self) -> Image:
        """Largest depth of each object in pixels: ``(n + 1,)``, by label."""
        deepest = np.ones(int(self.labels.max()) + 1, np.float32)
        np.maximum.at(deepest, self.labels.ravel(), self.depth.ravel())
        return deepest

    @cached_property
    def relative(self) -> Image:
        """Depth relative to the largest depth of the object, 0..1; 0 in the background."""
        return np.clip(self.depth, 0, None) / self.deepest[self.labels]

    @cached_property
    def diameter(self) -> float:
        """Typical width of the objects in pixels: twice the median of the largest depths."""
        return float(2 * np.median(self.deepest[1:])) if len(self.deepest) > 1 else 30.0

    @cached_property
    def dome(self) -> Image:
        """Thickness of spherical objects, 0..1."""
        height = np.sqrt(np.clip(1 - (1 - self.relative) ** 2, 0, 1))
        return blur(height, 0.04 * self.diameter)

    def slab(self, rim: float) -> Image:
        """Thickness of flat objects, 0..1, rising over about ``rim`` pixels from the border."""
        height = 1 - np.exp(-np.clip(self.depth, 0, None) / np.float32(rim))
        return np.asarray(height, np.float32)

    def ring(self, depth: float, width: float) -> Image:
        """Gaussian line, 0..1, along all pixels of a depth; a negative depth is outside."""
        return np.exp(-(((self.depth - np.float32(depth)) / np.float32(width)) ** 2))
