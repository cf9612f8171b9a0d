"""Kind: a linear map of the features, and shapes, by which objects are compared with examples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.ndimage import binary_dilation
from scipy.special import expit

from napari_sam.embeddings.embedding import Embedding
from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import LearningError
from napari_sam.masks.decode import resample, tile_matrices
from napari_sam.masks.mask import Mask
from napari_sam.model.config import ModelConfig
from napari_sam.tiles.bbox import BBox, grown, intersection, place
from napari_sam.tiles.grid import Tile

from .fine_features import Cells, FineFeatures
from .shape import shape_likeness, shape_of

RING = (2, 10)
"""Distances from an example, data pixels, between which its surroundings count as background."""

SHRINKAGE = 0.5
"""Share of the diagonal in the covariance of the features: the examples have few cells."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A linear map of the features to the kind of the examples, and their shapes.

    Made by :func:`learn_kind`.

    Parameters
    ----------
    weights : ndarray
        ``(C,)`` float64: weight of each feature.
    bias : float
        Logit of the kind without features.
    shapes : ndarray
        ``(N, 3)`` float64: :func:`~napari_sam.learning.alike.shape.shape_of` each example.
    other_shapes : ndarray
        ``(M, 3)`` float64: of each object of another kind.
    """

    weights: NDArray[np.float64]
    bias: float
    shapes: NDArray[np.float64]
    other_shapes: NDArray[np.float64]

    @property
    def width(self) -> float:
        """Median width of the examples, data pixels."""
        return float(np.exp(np.median(self.shapes[:, 2])))

    def map_of(self, config: ModelConfig, embedding: Embedding) -> NDArray[np.float32]:
        """Probability of the kind at each pixel of a tile, ``(height, width)`` float32."""
        features, tile = FineFeatures.of(config, embedding), embedding.tile
        logits = np.tensordot(self.weights, features.values, 1) + self.bias
        probability = expit(logits).astype(np.float32)
        return resample(probability, *tile_matrices(config, tile.height, tile.width))

    def compare(self, mask: Mask, score: float, kind_map: NDArray[np.float32], tile: Tile) -> float:
        """Similarity of an object to the examples, 0 to 1.

        The geometric mean of four values: the score of the proposal, the model's confidence in the
        mask, the mean probability of the kind inside, and the likeness of the shape to an example.
        Where an object of another kind is as close in shape, the likeness is halved.

        Parameters
        ----------
        mask : Mask
            Not empty, and inside the tile.
        score : float
            Probability of the middle of an object at the proposal of the mask, 0 to 1.
        kind_map : ndarray
            From :meth:`map_of`, of the tile.
        tile : Tile
            The tile.
        """
        inside = float(kind_map[place(mask.bbox, tile.bbox)][mask.pixels].mean())
        product = score * mask.confidence * max(inside, 0.0) * self._likeness(mask)
        return float(product**0.25)

    def _likeness(self, mask: Mask) -> float:
        shape = shape_of(mask)
        likeness = shape_likeness(shape, self.shapes)
        if not len(self.other_shapes) or not likeness:
            return likeness
        return likeness**2 / (likeness + shape_likeness(shape, self.other_shapes))


def learn_kind(encoder: Encoder, examples: Sequence[Mask], others: Sequence[Mask] = ()) -> Kind:
    """Tell examples from their surroundings and from objects of other kinds.

    Linear discriminant analysis (Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x) of the
    features of their cells, with a covariance shrunk to its diagonal.

    Parameters
    ----------
    encoder : Encoder
        Of the image.
    examples : sequence of Mask
        Objects of the kind, at least one.
    others : sequence of Mask
        Objects of other kinds.
    """
    positive, negative = [], []
    by_tile: dict[Tile, list[tuple[Mask, bool]]] = {}
    for masks, is_example in ((examples, True), (others, False)):
        for mask in masks:
            tile = encoder.grid.best_for(mask.plane, mask.bbox)
            by_tile.setdefault(tile, []).append((mask, is_example))
    for tile, in_tile in by_tile.items():
        features = FineFeatures.of(encoder.model.config, encoder.get(tile))
        cells = _union(features, (mask for mask, is_example in in_tile if is_example))
        away = _union(features, (mask for mask, is_example in in_tile if not is_example))
        away |= _union(features, (_ring(mask, tile.bbox) for mask, _ in in_tile))
        positive.append(features.values[:, cells].T)
        negative.append(features.values[:, away & ~cells].T)
    weights, bias = _discriminant(np.concatenate(positive), np.concatenate(negative))
    shapes, other_shapes = (
        np.array([shape_of(mask) for mask in masks]).reshape(-1, 3) for masks in (examples, others)
    )
    return Kind(weights, bias, shapes, other_shapes)


def _union(features: FineFeatures, masks: Iterable[Mask]) -> Cells:
    cells = np.zeros(features.values.shape[1:], bool)
    for mask in masks:
        cells |= features.inside(mask)
    return cells


def _ring(mask: Mask, within: BBox) -> Mask:
    """The surroundings of a mask, inside a tile."""
    region = intersection(grown(mask.bbox, RING[1]), within) or mask.bbox
    inside = mask.within(region)
    near, far = (binary_dilation(inside, iterations=distance) for distance in RING)
    return Mask(mask.plane, region, far & ~near, 1.0, 0.0)


def _discriminant(
    positive: NDArray[np.float32], negative: NDArray[np.float32]
) -> tuple[NDArray[np.float64], float]:
    """Weights ``(C,)`` and bias of the logit, from features ``(N, C)`` and ``(M, C)``."""
    if not len(positive) or not len(negative):
        raise LearningError(
            "the examples fill the image, so nothing tells them from their surroundings: "
            "choose smaller objects"
        )
    high, low = positive.mean(axis=0, dtype=float), negative.mean(axis=0, dtype=float)
    away = np.concatenate([positive - high, negative - low])
    covariance = away.T @ away / len(away)
    diagonal = np.diag(np.diag(covariance) + 1e-3 * np.trace(covariance) / len(high) + 1e-9)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * diagonal
    weights = np.asarray(solve(shrunk, high - low, assume_a="pos"))
    return weights, float(-weights @ (high + low) / 2)
