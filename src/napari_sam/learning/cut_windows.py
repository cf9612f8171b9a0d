"""Cut windows: parts of a lesson's pages, turned, resized and in another light, for one step."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .lesson import Lesson, Page
from .windows import Windows, inner_distance, to_side, without_small

SIZES = ((112, 192, 2), (np.inf, 288, 1))
"""Median side of the objects, in pixels, up to which windows have a size, in pixels; and how many
windows a step has. All steps take about as long."""

ZOOMS = (0.75, 1.6)
"""Smallest and largest zoom, in window pixels per image pixel."""

LARGEST_SHARE = 0.8
"""Share of a window's side that an object takes at most: larger objects are reduced."""

JITTER = 0.25
"""Distance of an object's middle from that of its window, at most, in sides of the window."""

CONTRAST, BRIGHTNESS = 0.2, 16.0
"""Largest change of the contrast, as a share, and of the brightness, in steps of 0..255."""

BEYOND = 127.5
"""Value beyond the image: the padding of the encoder, which is the mean of its inputs."""


@dataclass(frozen=True, slots=True, eq=False)
class LessonWindows:
    """Windows of a step.

    Parameters
    ----------
    windows : Windows
        Pixels and objects.
    known : Tensor
        ``(B, size, size)`` bool: pixels whose label is known.
    """

    windows: Windows
    known: Tensor


def cut_windows(lesson: Lesson, rng: Generator) -> LessonWindows:
    """Cut the windows of a step around objects of a lesson, chosen by `rng`.

    Parameters
    ----------
    lesson : Lesson
        With at least one object.
    rng : Generator
        Source of the choices.
    """
    size, count = _shape(lesson)
    objects = [(page, number) for page in lesson.pages for number in range(len(page.boxes))]
    chosen = rng.choice(len(objects), count, replace=len(objects) < count)
    cuts = [_cut(objects[i][0], objects[i][1], size, rng) for i in chosen]
    labels = torch.stack([labels for _, labels, _ in cuts])
    most = int(labels.max()) + 1
    labels, areas = without_small(labels, max(most, 2))
    depth = torch.stack([torch.from_numpy(inner_distance(each.numpy())) for each in labels])
    depth = torch.minimum(depth, to_side(size, depth.device)) * (labels > 0)
    windows = Windows(
        torch.stack([rgb for rgb, _, _ in cuts]),
        labels,
        torch.zeros_like(labels, dtype=torch.bool),
        depth,
        areas,
    )
    return LessonWindows(windows, torch.stack([known for _, _, known in cuts]))


def _shape(lesson: Lesson) -> tuple[int, int]:
    """Side of the windows, and their number in a step."""
    sides = [max(b[2] - b[0], b[3] - b[1]) for page in lesson.pages for b in page.boxes]
    median = float(np.median(sides))
    return next((size, count) for largest, size, count in SIZES if median <= largest)


def _cut(page: Page, index: int, size: int, rng: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """RGB ``(3, size, size)``, labels and known pixels ``(size, size)`` around an object."""
    y0, x0, y1, x1 = page.boxes[index]
    low, high = np.log(ZOOMS)
    zoom = float(np.exp(rng.uniform(low, high)))
    zoom = min(zoom, LARGEST_SHARE * size / max(y1 - y0, x1 - x0, 1))
    middle = np.array([(y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2])
    middle += rng.uniform(-JITTER, JITTER, 2) * size / zoom * (1 - LARGEST_SHARE)
    grid, inside = _sampling(page.labels.shape, middle, zoom, size, rng)
    image = torch.from_numpy(page.rgb).permute(2, 0, 1)[None].float()
    rgb = functional.grid_sample(image, grid, "bilinear", "border", align_corners=True)[0]
    rgb = _relight(rgb, rng)
    rgb = torch.where(inside, rgb, torch.tensor(BEYOND))
    numbers = torch.from_numpy(np.stack([page.labels, page.known.astype(np.int32)]))[None].double()
    labels, known = functional.grid_sample(
        numbers, grid.double(), "nearest", "border", align_corners=True
    )[0]
    return rgb, labels.long() * inside, (known > 0) & inside


def _sampling(
    shape: tuple[int, ...],
    middle: NDArray[np.float64],
    zoom: float,
    size: int,
    rng: Generator,
) -> tuple[Tensor, Tensor]:
    """Places of the window's pixels in the page ``(1, size, size, 2)``, and which lie inside."""
    steps = (np.arange(size) - (size - 1) / 2) / zoom
    offsets = np.stack(np.meshgrid(steps, steps, indexing="ij"))
    if rng.random() < 0.5:
        offsets = offsets[::-1]
    signs = rng.choice([-1.0, 1.0], 2)
    y, x = (o * s + m for o, s, m in zip(offsets, signs, middle, strict=True))
    height, width = shape
    inside = (y >= -0.5) & (y <= height - 0.5) & (x >= -0.5) & (x <= width - 0.5)
    xy = np.stack([2 * x / max(width - 1, 1) - 1, 2 * y / max(height - 1, 1) - 1], -1)
    return torch.from_numpy(xy[None].astype(np.float32)), torch.from_numpy(inside)


def _relight(rgb: Tensor, rng: Generator) -> Tensor:
    contrast = float(rng.uniform(1 - CONTRAST, 1 + CONTRAST))
    brightness = float(rng.uniform(-BRIGHTNESS, BRIGHTNESS))
    return ((rgb - BEYOND) * contrast + BEYOND + brightness).clamp(0, 255)
