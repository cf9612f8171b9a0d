"""Simulated users: which objects they mean, where they click, what they correct.

All objects of a batch at once, on the device that trains.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .windows import Windows

BACKGROUND_SHARE = 0.1  # prompts that point at nothing, for the object score
STEADY_SHARE = 0.35  # boxes drawn exactly
MASK_LOGIT = 6.0
_DEEPEST = 12  # erosions after which all that is left is the middle


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """``C`` objects of each window, and what a user would do to get each.

    Parameters
    ----------
    target, candidate : Tensor
        ``(B, C, 1, size/2, size/2)`` float32 in 0..1, soft at the borders: the object; and what
        one of the three candidate masks should be, which may be a part or the cluster. Empty for
        prompts into the background.
    point : Tensor
        ``(B, C, 2)`` float32, xy, first click.
    box : Tensor
        ``(B, C, 2, 2)`` float32, xy corners, drawn by hand.
    mask_logits : Tensor
        ``(B, C, size/4, size/4)`` float32, a mask to be corrected.
    """

    target: Tensor
    candidate: Tensor
    point: Tensor
    box: Tensor
    mask_logits: Tensor


def draw_objects(windows: Windows, count: int) -> Objects:
    """Choose ``count`` objects of each window, with repetition where there are fewer."""
    labels = windows.labels
    chosen = _choose(windows.areas, (labels == 0).flatten(1).any(1), count)
    there = chosen > 0
    whole = (labels[:, None] == chosen[..., None, None]) & there[..., None, None]
    region = torch.where(there[..., None, None], whole, (labels == 0)[:, None])
    point = _click(region, windows.depth, there)
    target = halve(whole)
    return Objects(
        target=target[:, :, None],
        candidate=_candidate(windows, chosen, whole, target, point)[:, :, None],
        point=point + (torch.rand_like(point) - 0.5) * 0.8,
        box=_box(whole, there, point),
        mask_logits=_rough_mask(target),
    )


def halve(mask: Tensor) -> Tensor:
    """``(B, C, h, w)`` bool to ``(B, C, h/2, w/2)`` float32, soft at the borders."""
    return functional.avg_pool2d(mask.float(), 2)


def _choose(areas: Tensor, has_background: Tensor, count: int) -> Tensor:
    """Labels ``(B, count)`` int64, large ones a little more often; 0 for the background."""
    keys = _gumbel(areas.shape, areas.device) + 0.3 * areas.clamp(min=1).log()
    keys = keys.masked_fill(areas == 0, -torch.inf)
    order = keys.topk(min(count, keys.shape[1]), dim=1).indices
    present = (areas > 0).sum(1, keepdim=True).clamp(max=order.shape[1])
    again = torch.arange(count, device=areas.device)[None] % present.clamp(min=1)
    chosen = order.gather(1, again) * (present > 0)
    background = torch.rand(chosen.shape, device=areas.device) < BACKGROUND_SHARE
    return chosen.masked_fill(background & has_background[:, None], 0)


def _gumbel(shape: torch.Size | tuple[int, ...], device: torch.device) -> Tensor:
    """Noise that makes the largest of ``log weight + noise`` a draw by weight."""
    return -(-torch.rand(shape, device=device).clamp(1e-6, 1 - 1e-6).log()).log()


def _click(region: Tensor, depth: Tensor, there: Tensor) -> Tensor:
    """First clicks ``(B, C, 2)``, xy: in the middle, or near it; anywhere in the background."""
    b, c, h, w = region.shape
    weight = torch.where(there[..., None, None], depth[:, None].clamp(min=0.1).log(), 0.0)
    middle = there & (torch.rand(b, c, device=region.device) < 0.5)
    noise = _gumbel((b, c, h, w), region.device).masked_fill_(middle[..., None, None], 0.0)
    best = (weight + noise).masked_fill_(~region, -torch.inf).flatten(2).argmax(-1)
    return torch.stack([best % w, best // w], -1).float()


def _box(whole: Tensor, there: Tensor, point: Tensor) -> Tensor:
    """Boxes around the objects with an unsteady hand; random ones in the background."""
    (x0, x1), (y0, y1) = (_extent(whole.any(axis)) for axis in (2, 3))
    exact = torch.stack([torch.stack([x0, y0], -1), torch.stack([x1, y1], -1)], -2).float()
    half = 3 + 22 * torch.rand_like(point)
    anywhere = torch.stack([point - half, point + half], -2)
    box = torch.where(there[..., None, None], exact, anywhere)
    side = (box[..., 1, :] - box[..., 0, :])[..., None, :]
    shaky = torch.rand(*there.shape, 1, 1, device=box.device) > STEADY_SHARE
    box = box + (0.06 * side + 0.5).clamp(max=8) * torch.randn_like(box) * shaky
    return box.sort(dim=-2).values


def _extent(along: Tensor) -> tuple[Tensor, Tensor]:
    """First and last true place of ``(B, C, n)`` bool."""
    number = along.int()
    return number.argmax(-1), along.shape[-1] - 1 - number.flip(-1).argmax(-1)


def _candidate(
    windows: Windows, chosen: Tensor, whole: Tensor, target: Tensor, point: Tensor
) -> Tensor:
    """The object, or sometimes its inner part or the cluster that it touches."""
    b, c = chosen.shape
    x, y = point.long().unbind(-1)
    index = torch.arange(b, device=point.device)
    part = windows.inner[index[:, None], y, x] & (torch.rand(b, c, device=point.device) < 0.4)
    inner = halve(whole & windows.inner[:, None])
    candidate = torch.where(part[..., None, None], inner, target)
    # of one object in each window at most: the cluster is looked for among all labels
    cluster = (torch.rand(b, device=point.device) < 0.4) & (chosen[:, 0] > 0) & ~part[:, 0]
    touched = halve(_cluster(windows, whole[:, 0])[:, None])[:, 0]
    candidate[:, 0] = torch.where(cluster[:, None, None], touched, candidate[:, 0])
    return candidate


def _cluster(windows: Windows, whole: Tensor) -> Tensor:
    """Objects that touch the one: ``(B, h, w)`` bool."""
    labels, count = windows.labels, windows.areas.shape[1]
    near = functional.max_pool2d(whole.float()[:, None], 5, 1, 2)[:, 0] > 0
    first = count * torch.arange(len(labels), device=labels.device)[:, None, None]
    touched = torch.zeros(len(labels) * count, dtype=torch.bool, device=labels.device)
    touched[(labels * near + first).flatten()] = True
    touched[first.flatten()] = False
    return touched[labels + first]


def _rough_mask(target: Tensor) -> Tensor:
    """The objects, a little too large, too small or moved, as logits of stride 4."""
    moved = target.roll(tuple(torch.randint(-2, 3, (2,)).tolist()), (-2, -1))
    size = 2 * int(torch.randint(0, 3, ())) + 1
    larger = functional.max_pool2d(moved, size, 1, size // 2)
    smaller = -functional.max_pool2d(-moved, size, 1, size // 2)
    grows = torch.rand(*target.shape[:2], 1, 1, device=target.device) < 0.5
    return mask_logits(torch.where(grows, larger, smaller))


def mask_logits(half: Tensor) -> Tensor:
    """Masks ``(B, C, h/2, w/2)`` as logits ``(B, C, h/4, w/4)`` like those of the decoder."""
    return MASK_LOGIT * (2 * functional.avg_pool2d(half, 2) - 1)


def correct(predicted: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Next click of each object: in the largest kind of error, in its middle or near it.

    Parameters
    ----------
    predicted, target : Tensor
        ``(B, C, h, w)`` bool at any stride.

    Returns
    -------
    points : Tensor
        ``(B, C, 2)`` float32, xy in pixels of these masks.
    labels : Tensor
        ``(B, C)`` int64: 1 where the object was missed, 0 where background was taken, -1 without
        error.
    """
    missed, taken = _depth(target & ~predicted), _depth(predicted & ~target)
    most_missed, most_taken = (d.flatten(2).amax(-1) for d in (missed, taken))
    positive = most_missed >= most_taken
    depth = torch.where(positive[..., None, None], missed, taken)
    middle = torch.rand(*depth.shape[:2], 1, 1, device=depth.device) < 0.5
    # where several places are as deep, any of them
    noise = torch.where(middle, torch.rand_like(depth), _gumbel(depth.shape, depth.device))
    score = torch.where(middle, depth, depth.clamp(min=1).log()) + noise
    best = score.masked_fill(depth == 0, -torch.inf).flatten(2).argmax(-1)
    points = torch.stack([best % depth.shape[-1], best // depth.shape[-1]], -1).float()
    nothing = torch.maximum(most_missed, most_taken) == 0
    return points, positive.long().masked_fill(nothing, -1)


def _depth(mask: Tensor) -> Tensor:
    """How many erosions each pixel survives, ``(B, C, h, w)`` float32; the window's sides erode."""
    left = mask.to(torch.float32 if mask.device.type == "cpu" else torch.float16)
    depth = left.clone()
    for _ in range(_DEEPEST - 1):
        # a maximum of the background would do the same, and write where it found it: half the time
        left = (functional.avg_pool2d(left, 3, 1, 1) > 0.99).to(left.dtype)
        depth += left
    return depth.float()
