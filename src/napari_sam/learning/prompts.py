"""Simulated users: choice of objects, first clicks, boxes and masks, and corrections.

Functions take all objects of a batch at once, on the training device.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from napari_sam.model.sam import MASK_STRIDE

from .windows import Windows

BACKGROUND_SHARE = 0.1  # share of prompts into the background, for the object score
STEADY_SHARE = 0.35  # share of boxes that fit the object exactly
MASK_LOGIT = 6.0  # logit inside of a mask prompt, and its negative outside
_DEEPEST = 12  # largest number of erosions; deeper pixels all count as the middle


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Targets and first prompts of ``C`` objects of each window.

    Parameters
    ----------
    target, candidate : Tensor
        ``(B, C, 1, size/2, size/2)`` float32 in 0..1, soft at the borders: the object, and the
        target of the best candidate, which may be a part of the object or its cluster. Empty
        for prompts into the background.
    point : Tensor
        ``(B, C, 2)`` float32, xy, window pixels: first click.
    box : Tensor
        ``(B, C, 2, 2)`` float32, corners, xy, window pixels: box with errors of the hand.
    mask_logits : Tensor
        ``(B, C, size/4, size/4)`` float32: rough mask to start from.
    """

    target: Tensor
    candidate: Tensor
    point: Tensor
    box: Tensor
    mask_logits: Tensor


def draw_objects(
    windows: Windows, count: int, background_share: float | Tensor = BACKGROUND_SHARE
) -> Objects:
    """Draw ``count`` objects of each window with their prompts; repeats objects if fewer exist.

    Parameters
    ----------
    windows : Windows
        The windows.
    count : int
        Objects of each window.
    background_share : float or Tensor
        Share of the prompts that are put into the background instead, ``(B, 1)`` for shares by
        window; 0 where pixels without a label may be anything.
    """
    labels = windows.labels
    chosen = _choose(windows.areas, (labels == 0).flatten(1).any(1), count, background_share)
    is_object = chosen > 0
    masks = (labels[:, None] == chosen[..., None, None]) & is_object[..., None, None]
    region = torch.where(is_object[..., None, None], masks, (labels == 0)[:, None])
    point = _click(region, windows.depth, is_object)
    target = halve(masks)
    return Objects(
        target=target[:, :, None],
        candidate=_candidate(windows, chosen, masks, target, point)[:, :, None],
        point=point + (torch.rand_like(point) - 0.5) * 0.8,
        box=_box(masks, is_object, point),
        mask_logits=_rough_mask(target),
    )


def halve(mask: Tensor) -> Tensor:
    """Average masks ``(B, C, h, w)`` bool over 2 x 2: ``(B, C, h/2, w/2)`` float32."""
    return functional.avg_pool2d(mask.float(), 2)


def _choose(
    areas: Tensor, has_background: Tensor, count: int, background_share: float | Tensor
) -> Tensor:
    """Labels ``(B, count)`` int64 by area to the power 0.3; 0 for a click into the background."""
    keys = _gumbel(areas.shape, areas.device) + 0.3 * areas.clamp(min=1).log()
    keys = keys.masked_fill(areas == 0, -torch.inf)
    order = keys.topk(min(count, keys.shape[1]), dim=1).indices
    present = (areas > 0).sum(1, keepdim=True).clamp(max=order.shape[1])
    again = torch.arange(count, device=areas.device)[None] % present.clamp(min=1)
    chosen = order.gather(1, again) * (present > 0)
    background = torch.rand(chosen.shape, device=areas.device) < background_share
    return chosen.masked_fill(background & has_background[:, None], 0)


def _gumbel(shape: torch.Size | tuple[int, ...], device: torch.device) -> Tensor:
    """Gumbel noise: the argmax of ``log weight + noise`` is a draw by weight (arXiv:1611.01144)."""
    return -(-torch.rand(shape, device=device).clamp(1e-6, 1 - 1e-6).log()).log()


def _click(region: Tensor, depth: Tensor, is_object: Tensor) -> Tensor:
    """First clicks ``(B, C, 2)``, xy: deepest pixel or by depth; uniform in the background."""
    b, c, h, w = region.shape
    weight = torch.where(is_object[..., None, None], depth[:, None].clamp(min=0.1).log(), 0.0)
    middle = is_object & (torch.rand(b, c, device=region.device) < 0.5)
    noise = _gumbel((b, c, h, w), region.device).masked_fill_(middle[..., None, None], 0.0)
    best = (weight + noise).masked_fill_(~region, -torch.inf).flatten(2).argmax(-1)
    return torch.stack([best % w, best // w], -1).float()


def _box(masks: Tensor, is_object: Tensor, point: Tensor) -> Tensor:
    """Boxes ``(B, C, 2, 2)`` around the objects with random errors; random in the background."""
    (x0, x1), (y0, y1) = (_extent(masks.any(axis)) for axis in (2, 3))
    exact = torch.stack([torch.stack([x0, y0], -1), torch.stack([x1, y1], -1)], -2).float()
    half = 3 + 22 * torch.rand_like(point)
    anywhere = torch.stack([point - half, point + half], -2)
    box = torch.where(is_object[..., None, None], exact, anywhere)
    side = (box[..., 1, :] - box[..., 0, :])[..., None, :]
    shaky = torch.rand(*is_object.shape, 1, 1, device=box.device) > STEADY_SHARE
    box = box + (0.06 * side + 0.5).clamp(max=8) * torch.randn_like(box) * shaky
    return box.sort(dim=-2).values


def _extent(along: Tensor) -> tuple[Tensor, Tensor]:
    """First and last true index of ``(B, C, n)`` bool: ``(B, C)`` int64 each."""
    number = along.int()
    return number.argmax(-1), along.shape[-1] - 1 - number.flip(-1).argmax(-1)


def _candidate(
    windows: Windows, chosen: Tensor, masks: Tensor, target: Tensor, point: Tensor
) -> Tensor:
    """Targets of the best candidate: object, inner part under the click, or touching cluster."""
    b, c = chosen.shape
    x, y = point.long().unbind(-1)
    index = torch.arange(b, device=point.device)
    part = windows.inner[index[:, None], y, x] & (torch.rand(b, c, device=point.device) < 0.4)
    inner = halve(masks & windows.inner[:, None])
    candidate = torch.where(part[..., None, None], inner, target)
    # for at most one object in each window, since finding a cluster scans all labels
    cluster = (torch.rand(b, device=point.device) < 0.4) & (chosen[:, 0] > 0) & ~part[:, 0]
    touched = halve(_cluster(windows, masks[:, 0])[:, None])[:, 0]
    candidate[:, 0] = torch.where(cluster[:, None, None], touched, candidate[:, 0])
    return candidate


def _cluster(windows: Windows, mask: Tensor) -> Tensor:
    """Union of all objects that touch a mask ``(B, h, w)`` bool of each window."""
    labels, count = windows.labels, windows.areas.shape[1]
    near = functional.max_pool2d(mask.float()[:, None], 5, 1, 2)[:, 0] > 0
    first = count * torch.arange(len(labels), device=labels.device)[:, None, None]
    touched = torch.zeros(len(labels) * count, dtype=torch.bool, device=labels.device)
    touched[(labels * near + first).flatten()] = True
    touched[first.flatten()] = False
    return touched[labels + first]


def _rough_mask(target: Tensor) -> Tensor:
    """Masks a little too large, too small or shifted, as logits ``(B, C, h/4, w/4)``."""
    moved = target.roll(tuple(torch.randint(-2, 3, (2,)).tolist()), (-2, -1))
    size = 2 * int(torch.randint(0, 3, ())) + 1
    larger = functional.max_pool2d(moved, size, 1, size // 2)
    smaller = -functional.max_pool2d(-moved, size, 1, size // 2)
    grows = torch.rand(*target.shape[:2], 1, 1, device=target.device) < 0.5
    return mask_logits(torch.where(grows, larger, smaller))


def mask_logits(half: Tensor) -> Tensor:
    """Masks ``(B, C, h/2, w/2)`` in 0..1 as a mask prompt: logits ``(B, C, h/4, w/4)``."""
    return MASK_LOGIT * (2 * functional.avg_pool2d(half, 2) - 1)


def correct(predicted: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Next click of each object, into missed or false pixels, whichever reach deeper.

    Parameters
    ----------
    predicted, target : Tensor
        ``(B, C, h, w)`` bool at any stride: masks of the answer and of the object.

    Returns
    -------
    points : Tensor
        ``(B, C, 2)`` float32, xy, pixels of the masks: the deepest pixel, or a draw by depth.
    labels : Tensor
        ``(B, C)`` int64: 1 in missed pixels of the object, 0 in false pixels, -1 without error.
    """
    missed, false = _depth(target & ~predicted), _depth(predicted & ~target)
    most_missed, most_false = (d.flatten(2).amax(-1) for d in (missed, false))
    positive = most_missed >= most_false
    depth = torch.where(positive[..., None, None], missed, false)
    middle = torch.rand(*depth.shape[:2], 1, 1, device=depth.device) < 0.5
    # uniform noise below 1 breaks ties between equally deep pixels
    noise = torch.where(middle, torch.rand_like(depth), _gumbel(depth.shape, depth.device))
    score = torch.where(middle, depth, depth.clamp(min=1).log()) + noise
    best = score.masked_fill(depth == 0, -torch.inf).flatten(2).argmax(-1)
    points = torch.stack([best % depth.shape[-1], best // depth.shape[-1]], -1).float()
    exact = torch.maximum(most_missed, most_false) == 0
    return points, positive.long().masked_fill(exact, -1)


def deepest(mask: Tensor) -> Tensor:
    """Deepest pixel ``(B, C, 2)``, xy, of each mask ``(B, C, h, w)`` bool; the first if empty."""
    depth = _depth(mask)
    best = (depth + torch.rand_like(depth)).masked_fill(~mask, 0).flatten(2).argmax(-1)
    return torch.stack([best % mask.shape[-1], best // mask.shape[-1]], -1).float()


def own_boxes(proposals: Tensor, points: Tensor) -> Tensor:
    """Boxes that the proposal head predicts at points.

    Averaged over the cells around as in :func:`~napari_sam.masks.automatic.propose.read_boxes`.

    Parameters
    ----------
    proposals : Tensor
        ``(B, 6, h, w)``.
    points : Tensor
        ``(B, C, 2)``, xy, window pixels.

    Returns
    -------
    Tensor
        ``(B, C, 2, 2)`` float32, corners, xy, window pixels; the points lie inside.
    """
    b, _, h, w = proposals.shape
    proposals = proposals.float()
    weight = proposals[:, :2].sigmoid().prod(1, keepdim=True) + 1e-6
    away = torch.expm1(proposals[:, 2:].clamp(0, 8))
    rows, cols = (
        MASK_STRIDE * torch.arange(n, device=proposals.device) + (MASK_STRIDE - 1) / 2
        for n in (h, w)
    )
    y, x = rows[:, None].expand(h, w), cols.expand(h, w)
    boxes = torch.stack(
        [x - away[:, 1], y - away[:, 0], x + away[:, 3], y + away[:, 2]], dim=1
    )  # of each cell
    around = functional.avg_pool2d(torch.cat([boxes * weight, weight], 1), 3, 1, 1)
    means = around[:, :4] / around[:, 4:]
    col, row = ((points + 0.5) / MASK_STRIDE).long().clamp(min=0).unbind(-1)
    cell = row.clamp(max=h - 1) * w + col.clamp(max=w - 1)
    corners = means.flatten(2).gather(2, cell[:, None].expand(b, 4, -1)).transpose(1, 2)
    low, high = corners[..., :2].minimum(points), corners[..., 2:].maximum(points)
    return torch.stack([low, high], dim=-2)


def _depth(mask: Tensor) -> Tensor:
    """Number of 3 x 3 erosions that each pixel survives, ``(B, C, h, w)`` float32, up to 12."""
    eroded = mask.to(torch.float32 if mask.device.type == "cpu" else torch.float16)
    depth = eroded.clone()
    for _ in range(_DEEPEST - 1):
        # average pooling takes half the time of max pooling, which also computes indices
        eroded = (functional.avg_pool2d(eroded, 3, 1, 1) > 0.99).to(eroded.dtype)
        depth += eroded
    return depth.float()
