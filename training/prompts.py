"""Simulated users: which object they mean, where they click, what they correct."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_dilation,
    binary_erosion,
    distance_transform_edt,
    find_objects,
    gaussian_filter,
    maximum,
)

from .windows import Window

Bool = NDArray[np.bool_]
Float = NDArray[np.float32]
BACKGROUND_SHARE = 0.12  # prompts that point at nothing, for the object score
MASK_LOGIT = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """``C`` objects of one window, what a user would do to get each, and the dense targets.

    Parameters
    ----------
    target, candidate : ndarray
        ``(C, size, size)`` bool: the object; and what one of the three candidate masks should
        be, which may be a part or the cluster. Empty for prompts into the background.
    point : ndarray
        ``(C, 2)`` float32, xy, first click.
    box : ndarray
        ``(C, 2, 2)`` float32, xy corners, drawn by hand.
    mask : ndarray
        ``(C, size, size)`` bool, a mask to be corrected.
    centre : ndarray
        ``(size, size)`` float32, 1 at each object's innermost point, 0 at its border.
    """

    target: Bool
    candidate: Bool
    point: Float
    box: Float
    mask: Bool
    centre: Float


def draw_objects(window: Window, count: int, rng: Generator) -> Objects:
    """Choose ``count`` objects of a window, with repetition where there are fewer."""
    labels = window.labels
    depth = _inner_distance(labels)
    chosen = _choose(labels, count, rng)
    target = labels[None] == chosen[:, None, None]
    target[chosen == 0] = False
    points = [_click(labels, depth, index, rng) for index in chosen]
    return Objects(
        target=target,
        candidate=np.stack(
            [
                _candidate(window, t, p, i, rng)
                for t, p, i in zip(target, points, chosen, strict=True)
            ]
        ),
        point=np.array(points, np.float32),
        box=np.stack([_box(t, p, rng) for t, p in zip(target, points, strict=True)]),
        mask=np.stack([_rough_mask(t, rng) for t in target]),
        centre=_normalise(labels, depth),
    )


def _inner_distance(labels: NDArray[np.int32]) -> Float:
    """Distance of each pixel to its object's own border, in pixels."""
    border = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        change = np.diff(labels, axis=axis) != 0
        border[: -1 if axis == 0 else None, : -1 if axis == 1 else None] |= change
        border[1 if axis == 0 else None :, 1 if axis == 1 else None :] |= change
    inside = (labels > 0) & ~border
    depth = distance_transform_edt(inside) + 0.5
    return np.where(labels > 0, depth, 0).astype(np.float32)


def _normalise(labels: NDArray[np.int32], depth: Float) -> Float:
    if labels.max() == 0:
        return np.zeros(labels.shape, np.float32)
    deepest = np.concatenate([[1], maximum(depth, labels, np.arange(1, labels.max() + 1))])
    return (depth / deepest[labels]).astype(np.float32) ** 2


def _choose(labels: NDArray[np.int32], count: int, rng: Generator) -> NDArray[np.int64]:
    """Labels of ``count`` objects; 0 for a prompt into the background."""
    present = int(labels.max())
    if present == 0:
        return np.zeros(count, np.int64)
    chosen = rng.permutation(present)[:count] + 1
    if len(chosen) < count:
        chosen = np.concatenate([chosen, rng.integers(1, present + 1, count - len(chosen))])
    if (labels == 0).any():
        chosen[rng.random(count) < BACKGROUND_SHARE] = 0
    return chosen.astype(np.int64)


def _click(
    labels: NDArray[np.int32], depth: Float, index: int, rng: Generator
) -> tuple[float, float]:
    """First click: near the middle, as people do; anywhere in the background."""
    ys, xs = np.nonzero(labels == index)
    if index == 0:
        if len(ys) == 0:
            return 0.0, 0.0
        pick = int(rng.integers(len(ys)))
    else:
        inside = depth[ys, xs]
        if rng.random() < 0.5:
            pick = int(inside.argmax())
        else:
            pick = int(rng.choice(len(ys), p=inside / inside.sum()))
    x, y = xs[pick] + rng.uniform(-0.4, 0.4), ys[pick] + rng.uniform(-0.4, 0.4)
    return float(x), float(y)


def _candidate(
    window: Window, target: Bool, point: tuple[float, float], index: int, rng: Generator
) -> Bool:
    """The object, or sometimes its inner part or the cluster that it touches."""
    chance = rng.random()
    if index == 0 or chance > 0.4:
        return target
    x, y = (round(v) for v in point)
    if window.inner[y, x] == index:
        return window.inner == index
    if chance > 0.1:
        return target
    touching = np.unique(window.labels[binary_dilation(target, iterations=2)])
    return np.isin(window.labels, touching[touching > 0])


def _box(target: Bool, point: tuple[float, float], rng: Generator) -> Float:
    """Box around the object with an unsteady hand; a random one in the background."""
    if target.any():
        rows, cols = find_objects(target.astype(np.int8))[0]
        low = np.array([cols.start, rows.start], float)
        high = np.array([cols.stop - 1, rows.stop - 1], float)
    else:
        half = rng.uniform(3, 25, 2)
        low, high = np.array(point) - half, np.array(point) + half
    jitter = np.minimum(0.06 * (high - low) + 0.5, 8) * rng.standard_normal((2, 2))
    corners = np.stack([low, high]) + jitter * (rng.random() < 0.7)
    return np.sort(corners, axis=0).astype(np.float32)


def _rough_mask(target: Bool, rng: Generator) -> Bool:
    """The object, a little too large, too small or moved."""
    if not target.any():
        return target
    steps = int(rng.integers(0, 4))
    moved = np.roll(target, tuple(rng.integers(-3, 4, 2)), (0, 1))
    if steps == 0:
        return moved
    if rng.random() < 0.5:
        return np.asarray(binary_dilation(moved, iterations=steps))
    shrunk = np.asarray(binary_erosion(moved, iterations=steps))
    return shrunk if shrunk.any() else moved


def mask_logits(mask: Bool) -> Float:
    """A binary mask as ``(C, h/4, w/4)`` logits, as the decoder's own would look."""
    c, h, w = mask.shape
    share = mask.reshape(c, h // 4, 4, w // 4, 4).mean(axis=(2, 4))
    return (MASK_LOGIT * (2 * gaussian_filter(share, (0, 0.5, 0.5)) - 1)).astype(np.float32)


def correct(predicted: Bool, target: Bool, rng: Generator) -> tuple[Float, NDArray[np.int64]]:
    """Next click of each object: somewhere in the largest kind of error.

    Parameters
    ----------
    predicted, target : ndarray
        ``(C, h, w)`` bool at any stride.

    Returns
    -------
    points : ndarray
        ``(C, 2)`` float32, xy in pixels of these masks.
    labels : ndarray
        ``(C,)`` int64: 1 where the object was missed, 0 where background was taken, -1 without
        error.
    """
    points = np.zeros((len(target), 2), np.float32)
    labels = np.full(len(target), -1, np.int64)
    for index, (p, t) in enumerate(zip(predicted, target, strict=True)):
        error = p ^ t
        if not error.any():
            continue
        rows, cols = find_objects(error.astype(np.int8))[0]
        crop = np.pad(error[rows, cols], 1)
        depth = distance_transform_edt(crop)[1:-1, 1:-1]
        if rng.random() < 0.5:
            pick = int(depth.argmax())
        else:
            pick = int(rng.choice(depth.size, p=(depth / depth.sum()).ravel()))
        row, col = np.unravel_index(pick, depth.shape)
        y, x = int(row) + rows.start, int(col) + cols.start
        points[index], labels[index] = (x, y), int(t[y, x])
    return points, labels
