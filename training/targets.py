"""Dense targets of the proposal head: centre, foreground, and how far the object reaches."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .windows import Windows

STRIDE = 4


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What the proposal head should say.

    Parameters
    ----------
    centre, foreground : Tensor
        ``(B, size/4, size/4)`` float32 in 0..1: 1 at each object's innermost point, 0 at its
        border; share of the cell that is of some object.
    sides : Tensor
        ``(B, 4, size/4, size/4)`` float32: logarithm of one plus the pixels from the middle of the
        cell to the top, left, bottom and right side of the box of the object there.
    there : Tensor
        ``(B, size/4, size/4)`` bool, where that is an object.
    near_border : Tensor
        ``(B, 1, 1, size/2, size/2)`` float32, 1 on the border of an object, 0 far inside of it and
        in the background.
    """

    centre: Tensor
    foreground: Tensor
    sides: Tensor
    there: Tensor
    near_border: Tensor


def draw_targets(windows: Windows) -> Targets:
    """Targets of a batch of windows."""
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
    there = labels[:, middle, middle] > 0
    border = inside * torch.exp(-(depth - 0.5) / 2)
    return Targets(
        # the peak must survive the stride, else small objects have none
        centre=functional.max_pool2d(centre, STRIDE),
        foreground=functional.avg_pool2d(inside, STRIDE),
        sides=_sides(flat, batch * count)[..., middle, middle],
        there=there,
        near_border=functional.avg_pool2d(border, 2)[:, None, None],
    )


def _sides(flat: Tensor, count: int) -> Tensor:
    """Log distances ``(B, 4, size, size)`` from each pixel's cell to the sides of its object."""
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
