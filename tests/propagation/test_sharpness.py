"""An object that goes out of focus ends, and light from other planes is not followed."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.propagation.ending import Ending, judge
from napari_sam.propagation.history import History
from napari_sam.propagation.sharpness import sharpness
from tests.masks.drawing import disc
from tests.propagation.drawing import ends, seed_of, textured
from tests.propagation.walking import ByHalf, stack_of_planes, walk


def nucleus(first: int, last: int, depth: int = 30) -> np.ndarray:
    """Labels of an ellipsoid on planes `first` to `last`."""
    z, y, x = np.mgrid[:depth, :96, :96]
    half = (last - first + 1) / 2
    across = ((z - (first + last) / 2) / half) ** 2
    return (((y - 48) ** 2 + (x - 48) ** 2) / 16**2 + across < 1).astype(np.uint8)


def out_of_focus(truth: np.ndarray, spread: float, noise: float = 4.0) -> np.ndarray:
    """The image of objects of which each plane gets the light of all others, blurred.

    The standard deviation of the blur grows by `spread` pixels with each plane of distance.
    """
    image = np.zeros(truth.shape)
    for distance in range(len(truth)):
        light = gaussian_filter(
            180.0 * (truth > 0), (0, 1.2 + spread * distance, 1.2 + spread * distance)
        )
        light *= 0.9**distance
        image[distance:] += light[: len(truth) - distance]
        if distance:
            image[:-distance] += light[distance:]
    image *= 180 / image.max()
    image += np.random.default_rng(0).normal(20, noise, truth.shape)
    return image.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("spread", [0.8, 1.2])
@pytest.mark.parametrize(("first", "last"), [(8, 16), (3, 13), (14, 26)])
def test_a_nucleus_ends_where_it_goes_out_of_focus(first: int, last: int, spread: float) -> None:
    truth = nucleus(first, last)
    image = out_of_focus(truth, spread)
    middle = (first + last) // 2
    stack = stack_of_planes(image)
    found, steps = walk(stack, {middle: {1: seed_of(truth, middle, 1)}}, ByHalf)
    present = sorted(found[1])
    assert abs(present[0] - first) <= 1
    assert abs(present[-1] - last) <= 1
    assert set(ends(steps, 1).values()) == {Ending.FADED}


def test_planes_in_focus_have_no_other_end() -> None:
    """A tube whose brightness changes by a third is followed to both ends of the stack."""
    truth = np.repeat(nucleus(0, 8)[4:5], 20, axis=0)
    shade = np.linspace(1.0, 0.67, 20)[:, None, None]
    image = (textured(truth) * shade).astype(np.uint8)
    found, steps = walk(stack_of_planes(image), {10: {1: seed_of(truth, 10, 1)}}, ByHalf)
    assert sorted(found[1]) == list(range(20))
    assert ends(steps, 1) == {}


def of(plane: np.ndarray, mask: Mask) -> float:
    return sharpness(Volume.from_array(plane[None], axes="ZYX"), mask)


def test_a_blurred_outline_is_less_sharp_and_a_brighter_one_sharper() -> None:
    mask = disc(48, 48, 20)
    edge = np.zeros((96, 96), np.float32)
    y, x = np.mgrid[:96, :96]
    edge[(y - 48) ** 2 + (x - 48) ** 2 < 400] = 100
    images = [gaussian_filter(edge, sigma) for sigma in (1.0, 4.0)]
    near, far = (of(image, mask) for image in images)
    assert 0.6 * near > far > 0.4 * near
    assert of(2 * images[0], mask) == pytest.approx(2 * near)


def test_a_constant_image_has_no_sharpness_and_no_object_ends_for_it() -> None:
    mask = disc(48, 48, 10)
    assert of(np.full((96, 96), 5, np.uint8), mask) == 0
    assert judge(History.begin(0, mask, 0.0), mask, mask, 0.0) is None


@pytest.mark.parametrize(("now", "reason"), [(6.1, None), (5.9, Ending.FADED)])
def test_the_largest_sharpness_since_the_known_plane_counts(
    now: float, reason: Ending | None
) -> None:
    mask: Mask = disc(48, 48, 10)
    history = History.begin(0, mask, 4.0).then(1, mask, 10.0).then(2, mask, 8.0)
    assert judge(history, mask, mask, now) is reason
