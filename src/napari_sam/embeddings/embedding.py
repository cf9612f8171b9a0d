"""Embedding: the image features of one tile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_sam.image.volume import Volume
from napari_sam.model.config import PATCH, ModelConfig
from napari_sam.model.features import ImageFeatures
from napari_sam.model.preprocess import padded_size
from napari_sam.model.sam import MASK_STRIDE, Sam
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile, TileGrid

from .quantised import Quantised

_STRIDES = {"high_res_8": 8, "high_res_4": 4}
"""Name of each array of high-resolution features -> model pixels per cell along each axis."""


class Embeddings(Protocol):
    """A source of embeddings of one image, such as an encoder; taken by :mod:`napari_sam.masks`."""

    @property
    def model(self) -> Sam:
        """The model that encodes the tiles and decodes prompts."""

    @property
    def grid(self) -> TileGrid:
        """Tiles of the image."""

    @property
    def closer(self) -> bool:
        """Whether small and large objects get a second, zoomed look."""

    @property
    def at_hand(self) -> Volume | None:
        """The image, if its pixels may be read for an answer; None where that takes too long."""

    @property
    def get(self) -> Callable[[Tile], "Embedding"]:
        """Function from a tile of the grid to its embedding."""

    @property
    def recent(self) -> Callable[[Tile], "Embedding | None"]:
        """Function from a tile of the grid to its embedding in memory, of pixels not compared."""

    @property
    def close_up(self) -> Callable[[Tile], "Embedding"]:
        """Function from a small zoomed part of a tile to its embedding."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """Image features of one tile, ready for the decoder.

    Parameters
    ----------
    tile : Tile
        The encoded window of the image.
    features : ImageFeatures
        With ``B = 1``, float32, on the model's device.
    offset : tuple of int
        Row and column, in tokens, of the tile on the model's positional grid.
    """

    tile: Tile
    features: ImageFeatures
    offset: tuple[int, int] = (0, 0)

    def window(self, tokens: BBox) -> "Embedding":
        """Features of a part of the tile, as a view; the tile must not have been resized.

        Parameters
        ----------
        tokens : tuple of int
            ``(row0, col0, row1, col1)``, the ends excluded, in tokens of 16 pixels.

        Returns
        -------
        Embedding
            Its arrays are views.
        """
        top, left, bottom, right = tokens
        y0, x0 = PATCH * top, PATCH * left
        height, width = (
            min(PATCH * bottom, self.tile.height) - y0,
            min(PATCH * right, self.tile.width) - x0,
        )
        tile = replace(
            self.tile, y0=self.tile.y0 + y0, x0=self.tile.x0 + x0, height=height, width=width
        )

        def cut(features: Tensor, cells: int) -> Tensor:
            """Features inside the window; `cells` are the cells per token along each side."""
            return features[..., cells * top : cells * bottom, cells * left : cells * right]

        high_res = self.features.high_res_features
        proposals = self.features.proposals
        features = ImageFeatures(
            cut(self.features.image_embedding, 1),
            tuple(cut(x, PATCH // s) for x, s in zip(high_res, _STRIDES.values(), strict=False)),
            None if proposals is None else cut(proposals, PATCH // MASK_STRIDE),
        )
        return Embedding(tile, features, (self.offset[0] + top, self.offset[1] + left))

    def to_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Arrays by name, without the batch dimension; for shapes see :func:`array_shapes`."""
        features = self.features
        tensors = {"image_embedding": features.image_embedding}
        tensors |= dict(zip(_STRIDES, features.high_res_features, strict=False))
        if features.proposals is not None:
            tensors["proposals"] = features.proposals
        return {name: tensor[0].float().cpu().numpy() for name, tensor in tensors.items()}

    @classmethod
    def from_arrays(
        cls,
        tile: Tile,
        arrays: Mapping[str, NDArray[np.floating]] | Mapping[str, Quantised],
        device: torch.device,
    ) -> "Embedding":
        """Inverse of :meth:`to_arrays`; the features may be rounded for the cache."""
        tensors = {
            name: torch.from_numpy(np.asarray(values, np.float32))[None].to(device)
            for name, values in arrays.items()
        }
        high_res = tuple(tensors[name] for name in _STRIDES if name in tensors)
        features = ImageFeatures(tensors["image_embedding"], high_res, tensors.get("proposals"))
        return cls(tile, features)


def array_shapes(config: ModelConfig, height: int, width: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the arrays in which the embedding of a tile is stored.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the model.
    height, width : int
        Size of the tile, data pixels.

    Returns
    -------
    dict
        Name to shape, channels first.
    """
    rows, cols = padded_size(config, height, width)
    shapes: dict[str, tuple[int, ...]] = {
        "image_embedding": (config.prompt_dim, rows // PATCH, cols // PATCH)
    }
    if config.high_res_features:
        shapes["high_res_8"] = (config.prompt_dim // 4, rows // 8, cols // 8)
        shapes["high_res_4"] = (config.mask_dim, rows // 4, cols // 4)
    if config.proposals:
        shapes["proposals"] = (config.proposal_channels, rows // 4, cols // 4)
    return shapes
