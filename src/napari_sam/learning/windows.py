"""Windows: a batch of parts of images with the numbers of their objects."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from napari_sam.model.config import ModelConfig

SMALLEST_OBJECT = 16
"""Pixels of an object in a window, below which its pixels become background."""


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Batch of windows with their labels.

    Made by the training from its canvases and by :mod:`~napari_sam.learning.cut_windows` from
    accepted objects; prompts and dense targets are drawn from it.

    Parameters
    ----------
    rgb : Tensor
        ``(B, 3, size, size)`` float32 in 0..255.
    labels : Tensor
        ``(B, size, size)`` int64, 0 for background.
    inner : Tensor
        ``(B, size, size)`` bool: objects inside of objects, such as nuclei.
    depth : Tensor
        ``(B, size, size)`` float32: distance to the border of the object or to the side of the
        window, in window pixels; 0 in the background.
    areas : Tensor
        ``(B, M)`` int32: pixels of each label in the window; 0 for the background.
    """

    rgb: Tensor
    labels: Tensor
    inner: Tensor
    depth: Tensor
    areas: Tensor


def normalise(config: ModelConfig, rgb: Tensor) -> Tensor:
    """Windows ``(B, 3, h, w)`` float32 in 0..255 as the encoder takes them, as at inference."""
    moments = zip(rgb.unbind(1), config.pixel_mean, config.pixel_std, strict=True)
    return torch.stack([(channel - mean) / std for channel, mean, std in moments], 1)


def without_small(labels: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Labels without objects below `SMALLEST_OBJECT`, and areas ``(B, count)`` of all labels."""
    batch = len(labels)
    first = count * torch.arange(batch, device=labels.device)
    flat = labels + first[:, None, None]
    ones = torch.ones((), dtype=torch.int32, device=labels.device).expand(flat.numel())
    areas = ones.new_zeros(batch * count).scatter_add_(0, flat.flatten(), ones)
    areas = areas.view(batch, count)
    areas = areas * (areas >= SMALLEST_OBJECT)
    areas[:, 0] = 0
    return labels * (areas.flatten()[flat] > 0), areas


def to_side(size: int, device: torch.device) -> Tensor:
    """Distance ``(size, size)`` of each pixel to the nearest side of the window, in pixels."""
    steps = torch.arange(size, device=device)
    along = torch.minimum(steps, size - 1 - steps) + 0.5
    return torch.minimum(along[:, None], along[None])


def inner_distance(labels: NDArray[np.integer]) -> NDArray[np.float32]:
    """Distance in pixels ``(h, w)`` to the border of the object; 0.5 on the border, 0 outside."""
    border = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        change = np.diff(labels, axis=axis) != 0
        border[: -1 if axis == 0 else None, : -1 if axis == 1 else None] |= change
        border[1 if axis == 0 else None :, 1 if axis == 1 else None :] |= change
    inside = np.pad((labels > 0) & ~border, 1, mode="edge")
    depth = distance_transform_edt(inside)[1:-1, 1:-1] + 0.5
    return np.where(labels > 0, depth, 0).astype(np.float32)
