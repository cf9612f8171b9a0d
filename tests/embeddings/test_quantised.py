"""Features in a byte per value: close to what they were, whatever they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_sam.embeddings.quantised import Quantised, quantise

FEATURES = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=3, max_side=6),
    elements=st.floats(-(2.0**50), 2.0**50, width=32),
)


@given(FEATURES)
def test_no_value_is_off_by_more_than_half_a_step(features: np.ndarray) -> None:
    stored = quantise(features)
    assert (stored.codes.dtype, stored.scales.dtype) == (np.int8, np.float32)
    rows = features.reshape(len(features), -1).astype(float)
    off = np.abs(np.asarray(stored).reshape(rows.shape) - rows)
    step = stored.scales[:, 1:]
    rounding = 4e-6 * np.abs(rows).max(axis=1, keepdims=True)  # of float32, more with small steps
    assert (off <= step / 2 + rounding + 1e-38).all()


def test_steps_are_a_twelfth_of_the_deviation_and_wider_for_a_far_value() -> None:
    normal = np.random.default_rng(0).normal(5, 2, (1, 100_000)).astype(np.float32)
    mean, step = quantise(normal).scales[0]
    assert (mean, step) == (pytest.approx(5, abs=0.02), pytest.approx(2 / 12, rel=0.01))
    normal[0, 0] = 259
    far = quantise(normal)
    assert far.scales[0, 1] == pytest.approx(254 / 127, rel=0.01)
    assert np.asarray(far)[0, 0] == pytest.approx(259, abs=0.01)


def test_a_constant_channel_stays_as_it_is() -> None:
    features = np.stack([np.full((3, 4), 0.1), np.zeros((3, 4)), np.full((3, 4), -7.0)])
    np.testing.assert_allclose(np.asarray(quantise(features)), features, rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_spoils_its_channel_alone(bad: float) -> None:
    features = np.random.default_rng(0).normal(size=(2, 5, 5)).astype(np.float32)
    assert quantise(features).is_finite
    features[1, 2, 2] = bad
    stored = quantise(features)
    assert not stored.is_finite
    values = np.asarray(stored)
    np.testing.assert_allclose(values[0], features[0], atol=0.1)
    assert not np.isfinite(values[1]).any()


def test_numpy_reads_it_in_any_type() -> None:
    stored = Quantised(np.array([[-2, 3]], np.int8), np.array([[1, 0.5]], np.float32))
    assert stored.shape == (1, 2)
    assert np.asarray(stored).tolist() == [[0.0, 2.5]]
    assert np.asarray(stored, np.float64).dtype == np.float64
