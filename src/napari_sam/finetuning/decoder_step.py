"""Decoder step: loss of prompt encoder and mask decoder on embeddings in memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from napari_sam.embeddings.embedding import Embedding, array_shapes
from napari_sam.learning.prompts import BACKGROUND_SHARE
from napari_sam.learning.teach import QUICK_SIDE, Step, batch_of, prompted_loss
from napari_sam.learning.windows import Windows, inner_distance, without_small
from napari_sam.model.config import PATCH, ModelConfig
from napari_sam.model.features import ImageFeatures
from napari_sam.model.preprocess import input_size, padded_size
from napari_sam.model.sam import Sam
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile, grid_of

from .labelled_plane import LabelledPlane
from .pixel_step import on_device

MOST_BYTES = 1 << 30
"""Bytes of embeddings in memory, at most: of more tiles, some at equal distances are used."""


@dataclass(frozen=True, slots=True, eq=False)
class _LabelledTile:
    """A tile of a labelled plane.

    Parameters
    ----------
    plane : LabelledPlane
        The plane.
    tile : Tile
        The tile.
    labels : ndarray
        ``(H, W)`` int64 in model pixels, padding included, numbered from 1.
    boxes : tuple of BBox
        Box of each object in `labels`, model pixels.
    """

    plane: LabelledPlane
    tile: Tile
    labels: NDArray[np.int64]
    boxes: tuple[BBox, ...]


def decoder_step(planes: Sequence[LabelledPlane], model: Sam, partial: bool) -> Step:
    """Loss of clicks and boxes, with the image encoder as it is.

    A tile is encoded when it is first drawn.

    Parameters
    ----------
    planes : sequence of LabelledPlane
        To learn from; each with an object.
    model : Sam
        The model before it learned, which encodes the tiles.
    partial : bool
        Whether a pixel without a label may be anything: no click goes there then.

    Returns
    -------
    Step
        For :func:`~napari_sam.finetuning.optimise.optimise`.
    """
    places = _places(planes, model.config)
    embeddings: dict[int, ImageFeatures] = {}

    def loss(learner: Sam, rng: Generator) -> Tensor:
        number = int(rng.integers(len(places)))
        labelled = _labelled(*places[number], model.config)
        with torch.no_grad():
            if number not in embeddings:
                embeddings[number] = _encoded(model, labelled)
            embedding = Embedding(labelled.tile, _as(embeddings[number], torch.float32))
            part, windows = _drawn(embedding, labelled, model.config, rng)
            if not bool((windows.areas > 0).any()):
                return torch.zeros((), device=learner.device, requires_grad=True)
            share = 0.0 if partial or labelled.plane.hidden is not None else BACKGROUND_SHARE
            batch = batch_of(on_device(windows, learner.device), part.offset, share)
        return prompted_loss(learner, batch, part.features, rng)

    return loss


def trained_parts(model: Sam) -> list[torch.nn.Module]:
    """The parts that learn while the image encoder stays: prompt encoder and mask decoder."""
    parts = (model.prompt_encoder, model.prompt_maps, model.mask_decoder)
    return [part for part in parts if part is not None]


def _places(
    planes: Sequence[LabelledPlane], config: ModelConfig
) -> list[tuple[LabelledPlane, Tile]]:
    """Tiles with an object, as many as memory has room for."""
    size = config.image_size
    places = []
    for plane in planes:
        height, width = plane.labels.shape
        grid = grid_of(height, width, size)
        boxes = np.array(list(plane.boxes.values()))
        for tile in grid.tiles(()):
            y0, x0, y1, x1 = boxes.T
            if ((y0 < tile.y1) & (y1 > tile.y0) & (x0 < tile.x1) & (x1 > tile.x0)).any():
                places.append((plane, tile))
    shapes = array_shapes(config, size, size).values()
    room = max(1, MOST_BYTES // (2 * sum(math.prod(shape) for shape in shapes)))
    chosen = np.linspace(0, len(places) - 1, min(room, len(places))).round().astype(int)
    return [places[i] for i in chosen]


def _labelled(plane: LabelledPlane, tile: Tile, config: ModelConfig) -> _LabelledTile:
    """The labels of a tile, resized as the model resizes its pixels."""
    labels = plane.labels[tile.y0 : tile.y1, tile.x0 : tile.x1]
    height, width = labels.shape
    rows, cols = input_size(config, height, width)
    resized = labels[_nearest(rows, height)][:, _nearest(cols, width)]
    padded = np.zeros(padded_size(config, height, width), np.int64)
    padded[:rows, :cols] = resized
    scale = (rows / height, cols / width) * 2
    boxes = [
        tuple((side - start) * factor for side, start, factor in zip(
            plane.boxes[number], (tile.y0, tile.x0) * 2, scale, strict=True
        ))
        for number in np.unique(labels).tolist()
        if number in plane.boxes
    ]  # fmt: skip
    clipped = tuple(
        (max(0, int(y0)), max(0, int(x0)), min(rows, math.ceil(y1)), min(cols, math.ceil(x1)))
        for y0, x0, y1, x1 in boxes
    )
    return _LabelledTile(plane, tile, padded, clipped)


def _nearest(target: int, source: int) -> NDArray[np.int64]:
    """Index in a side of `source` pixels of each of `target` pixels."""
    return ((np.arange(target) + 0.5) * source / target).astype(np.int64)


def _encoded(model: Sam, labelled: _LabelledTile) -> ImageFeatures:
    tile = labelled.tile
    rgb = labelled.plane.rgb[tile.y0 : tile.y1, tile.x0 : tile.x1]
    pixels = torch.from_numpy(rgb.astype(np.float32)).to(model.device)
    return _as(model.encode_image(model.preprocess(pixels)), torch.float16)


def _as(features: ImageFeatures, dtype: torch.dtype) -> ImageFeatures:
    """Features without proposals, in another precision."""
    high_res = tuple(each.to(dtype) for each in features.high_res_features)
    return ImageFeatures(features.image_embedding.to(dtype), high_res)


def _drawn(
    embedding: Embedding, labelled: _LabelledTile, config: ModelConfig, rng: Generator
) -> tuple[Embedding, Windows]:
    """A part of the tile around an object; the whole tile for a model that resizes."""
    labels, part = labelled.labels, embedding
    if config.resize == "none" and labelled.boxes:
        box = labelled.boxes[int(rng.integers(len(labelled.boxes)))]
        top, left, bottom, right = tokens = _tokens(box, labels.shape)
        part = embedding.window(tokens)
        labels = labels[PATCH * top : PATCH * bottom, PATCH * left : PATCH * right]
    _, numbers = np.unique(np.append(labels, 0), return_inverse=True)
    numbers = numbers[:-1].reshape(labels.shape)
    large, areas = without_small(torch.from_numpy(numbers[None]), max(2, int(numbers.max()) + 1))
    depth = torch.from_numpy(inner_distance(numbers))[None] * (large > 0)
    inner = torch.zeros_like(large, dtype=torch.bool)
    return part, Windows(torch.zeros(1, 3, 1, 1), large, inner, depth, areas)


def _tokens(box: BBox, shape: tuple[int, ...]) -> BBox:
    """Window of tokens around a box, ``(row0, col0, row1, col1)``."""
    starts, ends = [], []
    for low, high, side in zip(box[:2], box[2:], shape, strict=True):
        most = side // PATCH
        count = min(most, max(QUICK_SIDE, math.ceil((high - low) / PATCH) + 4))
        first = min(max(round((low + high) / 2 / PATCH - count / 2), 0), most - count)
        starts.append(first)
        ends.append(first + count)
    return starts[0], starts[1], ends[0], ends[1]
