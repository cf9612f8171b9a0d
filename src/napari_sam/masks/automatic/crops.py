"""Crops: many objects of a tile in a single pass of the decoder, a window for each object.

The decoder's computations on the image alone are the same for each token, wherever its window lies.
So they are done once for the tile, and the tokens of each object's window are picked from the
result. Windows of one size, anywhere in the tile, make one batch over the class dimension.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import Answer, tile_matrices
from napari_sam.masks.mean import best_of
from napari_sam.model.config import PATCH
from napari_sam.model.mask_decoder import (
    SINGLE_MASK,
    MaskPrediction,
    PreparedImage,
)
from napari_sam.model.sam import MASK_STRIDE, Sam
from napari_sam.model.transformer import ImageTokens
from napari_sam.model.upscaling import FineFeatures
from napari_sam.prompts.prompt import FOREGROUND
from napari_sam.tiles.grid import Tile

TOKENS_AT_ONCE = 4096
"""Image tokens of one pass, over all windows.

With more, the temporaries leave the processor's cache, and a pass is slower."""

LARGEST = 22
"""Side in tokens of the largest window that can be batched.

The decoder goes through more than 512 tokens in pieces, for which all objects of a pass need the
same positions."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """A tile prepared for the decoder, from which windows are decoded in batches.

    Parameters
    ----------
    model : Sam
        Trained on windows.
    embedding : Embedding
        Of the tile.
    image : PreparedImage
        The decoder's computations on the tile alone; ``B = C = 1``.
    """

    model: Sam
    embedding: Embedding
    image: PreparedImage

    @classmethod
    def of(cls, model: Sam, embedding: Embedding) -> "Crops":
        """Prepare a tile: the part of the decoder that does not depend on prompts."""
        features = embedding.features
        h, w = features.image_embedding.shape[-2:]
        encoder = model.prompt_encoder
        with torch.inference_mode():
            grid = encoder.position.grid(h, w, PATCH, embedding.offset)
            dense = encoder.no_mask_embed.view(1, 1, -1, 1, 1)
            image = model.mask_decoder.prepare(
                features.image_embedding, grid, dense, features.high_res_features
            )
        return cls(model, embedding, image)

    def decode(
        self,
        points: Floats | None,
        boxes: Floats | None,
        corners: Ints,
        size: tuple[int, int],
        masks: slice = SINGLE_MASK,
    ) -> Iterator[Answer]:
        """Decode objects, each from a window of its own.

        Parameters
        ----------
        points : ndarray or None
            ``(N, 2)`` float64, yx, pixels of the tile: a click on each object.
        boxes : ndarray or None
            ``(N, 4)`` float64, ``y0, x0, y1, x1``, pixels of the tile: a box of each object.
        corners : ndarray
            ``(N, 2)`` int64: row and column of each window's first token.
        size : tuple of int
            Rows and columns of the windows in tokens.
        masks : slice
            Mask tokens to run, of which :func:`~napari_sam.masks.mean.best_of` makes the answer.

        Yields
        ------
        Answer
            In the order of the objects; its tile is the window.
        """
        most = max(1, TOKENS_AT_ONCE // (size[0] * size[1]))
        for start in range(0, len(corners), most):
            batch = slice(start, start + most)
            prompts = (_rows_of(points, batch), _rows_of(boxes, batch))
            prediction = self._run(*prompts, corners[batch], size, masks)
            yield from self._answers(prediction, corners[batch], size)

    def _run(
        self,
        points: Floats | None,
        boxes: Floats | None,
        corners: Ints,
        size: tuple[int, int],
        masks: slice,
    ) -> MaskPrediction:
        model, features = self.model, self.embedding.features
        device, offset = model.device, self.embedding.offset
        coords = None if points is None else _xy(points[:, None], device)
        sides = None if boxes is None else _xy(boxes.reshape(-1, 2, 2), device)
        labels = None if coords is None else torch.full_like(coords[..., 0], FOREGROUND).int()
        fine = features.high_res_features[-1] if features.high_res_features else None
        with torch.inference_mode():
            sparse, _ = model.prompt_encoder(coords, labels, sides, None, fine, offset)
            maps = None
            if model.prompt_maps is not None:
                first = _xy(PATCH * corners[:, None], device)
                coords, sides = (None if x is None else x - first for x in (coords, sides))
                shape = (size[0] * PATCH // MASK_STRIDE, size[1] * PATCH // MASK_STRIDE)
                maps = model.prompt_maps(shape, coords, labels, sides, None)
            image = self._window(corners, size)
            prediction: MaskPrediction = model.mask_decoder(image, sparse, maps, masks)
        return prediction

    def _window(self, corners: Ints, size: tuple[int, int]) -> PreparedImage:
        """Prepared windows, one for each object: the class dimension has ``C`` windows."""
        rows, cols = (np.arange(n) for n in size)
        inside = (corners[:, 0, None, None] + rows[:, None]) * self.image.shape[1]
        index = torch.from_numpy(inside + corners[:, 1, None, None] + cols).flatten(1)
        index = index.to(self.model.device)

        def pick(x: Tensor, each: int = 1) -> Tensor:
            """Rows of N tokens to those of C windows with n tokens; a single row fits all tokens.

            ``(1, 1, N * each, F)`` to ``(1, C, n * each, F)``, with `each` rows for each token.
            """
            if x.shape[2] == 1:
                return x
            picked: Tensor = x[0, 0].unflatten(0, (-1, each))[index]
            return picked.flatten(1, 2)[None]

        tokens, fine = self.image.tokens, self.image.fine
        return PreparedImage(
            ImageTokens(
                pick(tokens.tokens),
                pick(tokens.position[None, None]),
                pick(tokens.keys),
                pick(tokens.values),
                pick(tokens.queries),
            ),
            FineFeatures(pick(fine.stride8, 4), pick(fine.stride4, 16)),
            size,
        )

    def _answers(
        self, prediction: MaskPrediction, corners: Ints, size: tuple[int, int]
    ) -> Iterator[Answer]:
        model, tile = self.model, self.embedding.tile
        ious = prediction.iou_predictions[0].tolist()
        scores = prediction.object_score[0, :, 0].tolist()
        logits = (prediction.low_res_logits[0].float() - model.policy.mask_threshold).cpu().numpy()
        for masks, of_masks, score, corner in zip(
            logits, ious, scores, corners.tolist(), strict=True
        ):
            window = window_tile(tile, corner, size)
            matrices = tile_matrices(model.config, window.height, window.width)
            yield best_of(
                [
                    Answer(window, mask, iou, score, *matrices)
                    for mask, iou in zip(masks, of_masks, strict=True)
                ]
            )


def window_tile(tile: Tile, corner: Sequence[int], size: tuple[int, int]) -> Tile:
    """A window of tokens in data pixels, without the padding behind the end of the tile."""
    y0, x0 = PATCH * corner[0], PATCH * corner[1]
    height, width = min(PATCH * size[0], tile.height - y0), min(PATCH * size[1], tile.width - x0)
    return replace(tile, y0=tile.y0 + y0, x0=tile.x0 + x0, height=height, width=width)


def _rows_of(values: Floats | None, rows: slice) -> Floats | None:
    return None if values is None else values[rows]


def _xy(yx: NDArray[np.number], device: torch.device) -> Tensor:
    """``(N, n, 2)`` yx as ``(1, N, n, 2)`` float32 xy."""
    return torch.from_numpy(yx[None, ..., ::-1].astype(np.float32)).to(device)
