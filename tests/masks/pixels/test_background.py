"""Background: noise alone is recognised, and nothing in which an object may lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_sam.masks.pixels.background import is_background

LIMITS = (0.0, 255.0)


def noise(sigma: float, shape: tuple[int, int] = (256, 256), seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(100, sigma, shape)


def disc(
    diameter: float, place: tuple[float, float], shape: tuple[int, int] = (256, 256)
) -> NDArray[np.float64]:
    """1 in a disc with a border as soft as that of a good microscope, 0 around it."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    inside = np.hypot(y - place[0], x - place[1]) < diameter / 2
    return gaussian_filter(inside.astype(float), 0.7)


def is_empty(pixels: NDArray[np.float64], limits: tuple[float, float] = LIMITS) -> bool:
    return is_background(pixels.round().astype(np.uint8)[..., None], [limits])


@pytest.mark.parametrize("sigma", [0.0, 1.0, 3.0, 12.0])
def test_noise_alone_is_background(sigma: float) -> None:
    for seed in range(5):
        assert is_empty(noise(sigma, seed=seed))


@pytest.mark.parametrize("mean", [3, 30, 3000])
def test_photons_alone_are_background(mean: int) -> None:
    counts = np.random.default_rng(0).poisson(mean, (300, 200)).astype(np.uint16)
    assert is_background(counts[..., None], [(0, 4 * mean)])
    assert is_background(np.stack([counts, counts], axis=-1), [(0, 4 * mean), (0, 9 * mean)])


def test_uneven_light_is_background() -> None:
    slope = np.linspace(-0.5, 0.5, 256)
    assert is_empty(noise(3.0) + slope[:, None] + slope)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(8, 60),
    st.floats(15, 40),  # at 14, one noise in a thousand hides the cell
    st.sampled_from([1.0, 3.0, 8.0]),
    st.booleans(),
    st.tuples(st.integers(0, 255), st.integers(0, 255)),
    st.integers(0, 2**16),
)
def test_a_faint_cell_is_no_background_wherever_it_lies(
    diameter: int,
    strength: float,
    sigma: float,
    dark: bool,
    place: tuple[int, int],
    seed: int,
) -> None:
    # Strength is the contrast in standard deviations of the noise times the diameter. Cells inside
    # of the image are the worst case; the border of the image may cut off three quarters.
    cut = sum(min(v, 255 - v) < diameter / 2 for v in place)
    contrast = 2**cut * strength * sigma / diameter * (-1 if dark else 1)
    assert not is_empty(noise(sigma, seed=seed) + contrast * disc(diameter, place))


def test_a_faint_cell_in_one_channel_counts() -> None:
    plain = noise(3.0).astype(np.uint8)
    cell = (noise(3.0, seed=1) + 3 * disc(20, (90, 80))).astype(np.uint8)
    assert not is_background(np.stack([plain, cell, plain], axis=-1), [LIMITS] * 3)
    assert is_background(np.stack([plain] * 3, axis=-1), [LIMITS] * 3)


def test_only_what_the_contrast_shows_counts() -> None:
    cell = noise(1.0) + 30 * disc(30, (90, 80))
    assert not is_empty(cell)
    assert is_empty(cell, (200.0, 255.0))
    assert not is_empty(cell, (95.0, 110.0))


def test_single_values_and_what_is_not_a_number() -> None:
    nothing = np.full((40, 50, 1), np.nan, np.float32)
    assert is_background(nothing, [LIMITS])
    part = nothing.copy()
    part[10, 10] = 3
    assert not is_background(part, [LIMITS])
    assert is_background(np.full((40, 50, 1), 7, np.uint16), [LIMITS])
    assert is_background(np.zeros((1, 1, 3), np.uint8), [LIMITS] * 3)
    assert is_background(np.zeros((2, 300, 1), np.float64), [(0.0, 1.0)])


def test_dense_tissue_is_no_background() -> None:
    rng = np.random.default_rng(0)
    texture = 100 + 20 * gaussian_filter(rng.normal(size=(256, 256)), 2) / 0.14
    assert not is_empty(texture + rng.normal(0, 10, texture.shape))
