"""Masks and answers, drawn by hand."""

import numpy as np
from numpy.typing import NDArray

from napari_sam.evaluate.clicks import Answer
from napari_sam.masks.mask import Mask


def mask_of(pixels: NDArray[np.bool_], iou: float = 0.9, score: float = 2.0) -> Mask:
    return Mask((), (0, 0, *pixels.shape), pixels, iou, score).tight()


def answers(*ious: float, predicted: float = 0.5, score: float = 0.0) -> tuple[Answer, ...]:
    return tuple(Answer(iou, predicted, score) for iou in ious)
