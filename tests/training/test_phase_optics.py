"""Phase optics: the images of a phase map obey the laws of their microscopes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.procedural import derived
from training.procedural.fields import blur
from training.procedural.phase_optics import defocused, interference, zernike
from training.samples import Sample

EMPTY = np.zeros((96, 96), np.float32)


def cylinder(radius: float, height: float = 0.5, side: int = 192) -> np.ndarray:
    """Phase map of a flat round cell with soft edges."""
    y, x = np.mgrid[:side, :side] - side / 2
    return blur((np.hypot(y, x) < radius).astype(np.float32), 1.0) * np.float32(height)


@pytest.mark.parametrize("transmittance", [0.1, 0.5])
def test_empty_fields_have_brightness_one(transmittance: float) -> None:
    for image in (
        zernike(EMPTY, 8, transmittance),
        interference(EMPTY, 2, 0.3, 0.8),
        defocused(EMPTY, EMPTY, 60),
    ):
        assert image == pytest.approx(np.ones((96, 96)), abs=1e-4)


def test_phase_contrast_has_a_halo_and_shades_off() -> None:
    cell = zernike(cylinder(40), 10, 0.25)
    profile = cell[96, 96:]
    assert profile[:38].max() < 1.05
    assert profile[32:38].min() < 0.5  # dark inside of its edge
    assert profile[43:50].max() > 1.3  # bright outside
    assert profile[0] > 0.9  # the middle of a broad cell is as bright as the field
    assert profile[90] == pytest.approx(1, abs=0.05)


def test_small_dense_objects_are_dark_and_thick_ones_bright() -> None:
    middle = [zernike(cylinder(6, height), 10, 0.25)[96, 96] for height in (0.3, 2.5)]
    assert middle[0] < 0.5
    assert middle[1] > 2


def test_relief_is_bright_on_one_side_and_dark_on_the_other() -> None:
    image = interference(cylinder(20), 1.5, 0.0, 0.8)
    row = image[96] - 1
    assert row[76] > 0.3  # phase rises along x
    assert row[116] < -0.3
    assert abs(row[96]) < 0.01
    turned = interference(cylinder(20), 1.5, np.pi / 2, 0.8)
    assert turned[:, 96] - 1 == pytest.approx(row, abs=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.5, 3), st.sampled_from([-1, 1]))
def test_little_defocus_is_the_transport_of_intensity(amount: float, sign: int) -> None:
    y, x = np.mgrid[:128, :128] * (2 * np.pi / 64)
    phase = (0.2 * np.cos(y) * np.cos(x)).astype(np.float32)
    laplacian = -2 * (2 * np.pi / 64) ** 2 * phase
    image = defocused(phase, np.zeros_like(phase), sign * amount, 0)
    expected = 1 - sign * amount / (2 * np.pi) * laplacian
    assert (image - expected)[40:-40, 40:-40] == pytest.approx(0, abs=2e-4)


def test_light_is_kept_and_focus_shows_absorption_alone() -> None:
    phase = cylinder(20)
    assert defocused(phase, 0 * phase, 40, 0).mean() == pytest.approx(1, abs=1e-3)
    assert defocused(phase, 0.1 * phase, 0) == pytest.approx(np.exp(-0.2 * phase), abs=1e-3)


def test_derived_images_show_the_cells_where_they_are() -> None:
    phase = np.pad(cylinder(20), ((0, 400), (0, 408)))
    labels = (phase > 0.25).astype(np.int32)
    quantitative = Sample(labels.astype(np.uint8), labels, phase=phase)
    seen = set()
    for seed in range(12):
        sample = derived(np.random.default_rng(seed), quantitative)
        assert sample.labels.shape == sample.image.shape == (512, 512)
        ys, xs = np.nonzero(sample.labels)
        if len(ys) < 1000:  # the cell lies at the side of the part
            continue
        near = sample.image[ys.min() : ys.max(), xs.min() : xs.max()].astype(float)
        assert near.std() > 1.2 * sample.image[-100:, -100:].std()
        seen.add(round(float(near.mean())))
    assert len(seen) > 3


def test_only_quantitative_images_are_derived_from() -> None:
    plain = Sample(np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.int32))
    with pytest.raises(ValueError, match="quantitative phase"):
        derived(np.random.default_rng(0), plain)
