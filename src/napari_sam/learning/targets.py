"""Dense targets of the proposal head: centre, foreground and boxes of objects."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .windows import Windows

STRIDE = 4  # window pixels of a cell


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Dense targets of a batch of windows.

    Parameters
    ----------
    centre, foreground : Tensor
        ``(B, size/4, size/4)`` float32 in 0..1: squared depth relative to the deepest pixel of
        the object; share of the cell that objects cover.
    sides : Tensor
        ``(B, 4, size/4, size/4)`` float32: ``log(1 + d)`` of the pixels ``d`` from the middle of
        the cell to the top, left, bottom and right side of the box of its object.
    has_object : Tensor
        ``(B, size/4, size/4)`` bool: whether the middle of the cell lies in an object.
    near_border : Tensor
        ``(B, 1, 1, size/2, size/2)`` float32 in 0..1: falls from the border of an object to its
        inside; 0 in the background.
    """

    centre: Tensor
    foreground: Tensor
    sides: Tensor
    has_object: Tensor
    near_border: Tensor


def draw_targets(windows: Windows) -> Targets:
    """Compute the targets of a batch of windows."""
    labels, depth = windows.labels, windows.depth
    batch, count = windows.areas.shape
    first = count * torch.arange(batch, device=labels.device)[:, None, None]
    flat = labels + first
    deepest = depth.new_zeros(batch * count).scatter_reduce(
        0, flat.flatten(), depth.flatten(), "amax"
    )
    centre = (depth / deepest[flat].clamp(min=1)) ** 2
    inside = (labels > 0).float()
    middle = slice(STRIDE // 2, None, STRIDE)
    has_object = labels[:, middle, middle] > 0
    border = inside * torch.exp(-(depth - 0.5) / 2)
    return Targets(
        # max pooling keeps the peak of small objects
        centre=functional.max_pool2d(centre, STRIDE),
        foreground=functional.avg_pool2d(inside, STRIDE),
        sides=_sides(flat, batch * count)[..., middle, middle],
        has_object=has_object,
        near_border=functional.avg_pool2d(border, 2)[:, None, None],
    )


def _sides(flat: Tensor, count: int) -> Tensor:
    """Log distances ``(B, 4, size, size)`` from the cell of each pixel to the box of its object."""
    b, h, w = flat.shape
    grid = torch.meshgrid(*(torch.arange(n, device=flat.device) for n in (h, w)), indexing="ij")
    sides = []
    for reduce, sign in (("amin", 1.0), ("amax", -1.0)):
        for place in grid:
            at = place.float().expand(b, h, w)
            end = at.new_zeros(count).scatter_reduce(
                0, flat.flatten(), at.flatten(), reduce, include_self=False
            )
            middle = (place // STRIDE + 0.5) * STRIDE - 0.5
            sides.append(sign * (middle - end[flat]))
    return torch.stack(sides, 1).clamp(min=0).log1p()
