"""Walks with a follower that finds what is bright, instead of a model."""

from collections.abc import Mapping

import numpy as np
from skimage.measure import label as connected_components

from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.propagation.line import line_through
from napari_sam.propagation.propagate import PropagationStep, propagate
from napari_sam.propagation.stack import Stack
from tests.masks.drawing import full


class ByThreshold:
    """Finds the bright component that has most in common with where an object should be."""

    trust = 1.0

    def __init__(self, stack: Stack, threshold: int = 100) -> None:
        self.stack, self.threshold = stack, threshold

    def show(self, position: int, masks: Mapping[int, Mask]) -> None:
        pass

    def prepare(self, position: int, masks: Mapping[int, Mask]) -> None:
        pass

    def follow(self, position: int, expected: Mapping[int, Mask]) -> dict[int, Mask]:
        plane = self.stack.line.at(position)
        pixels = self.stack.volume.read(plane, 0, 0, *self.stack.shape)[..., 0]
        return {
            i: self._best(connected_components(pixels > self._threshold(pixels, mask)), mask, plane)
            for i, mask in expected.items()
        }

    def _threshold(self, pixels: np.ndarray, expected: Mask) -> float:
        return self.threshold

    def _best(self, parts: np.ndarray, mask: Mask, plane: tuple[int, ...]) -> Mask:
        counts = np.bincount(parts[full(mask, parts.shape)], minlength=2)
        counts[0] = 0
        seen = parts == counts.argmax() if counts.any() else np.zeros(parts.shape, bool)
        return Mask(plane, (0, 0, *parts.shape), seen, 0.9, 5.0).tight()


class ByHalf(ByThreshold):
    """Draws an outline at half of the brightness, however dim the object is, as a model does."""

    def _threshold(self, pixels: np.ndarray, expected: Mask) -> float:
        inside = pixels[full(expected, pixels.shape)]
        return float((np.percentile(inside, 90) + np.percentile(pixels, 5)) / 2)


def stack_of_planes(image: np.ndarray, step: int = 1, **limits: int) -> Stack:
    volume = Volume.from_array(image, axes="ZYX")
    line = line_through(volume, "z", (0,))
    return Stack(volume, line, limits.get("first", 0), limits.get("last", line.size - 1), step)


def walk(
    stack: Stack,
    seeds: Mapping[int, Mapping[int, Mask]],
    follower: type[ByThreshold] = ByThreshold,
    **options: object,
) -> tuple[dict[int, dict[int, np.ndarray]], list[PropagationStep]]:
    """Masks by object and plane, as whoever takes the last word of each plane sees them."""
    steps = list(propagate(lambda down: follower(stack), stack, seeds, **options))  # type: ignore[arg-type]
    found: dict[int, dict[int, np.ndarray]] = {}
    for step in steps:
        for i, mask in step.masks.items():
            found.setdefault(i, {})[step.plane[0]] = full(mask, stack.shape)
    return found, steps


def assert_equals(found: Mapping[int, np.ndarray], truth: np.ndarray, label: int) -> None:
    present = np.flatnonzero((truth == label).any(axis=(1, 2))).tolist()
    assert sorted(found) == present
    for z, pixels in found.items():
        np.testing.assert_array_equal(pixels, truth[z] == label)
