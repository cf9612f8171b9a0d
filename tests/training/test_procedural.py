"""Procedural micrographs: what is labelled can be seen, and a seed gives one set."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt
from scipy.ndimage import label as connected_components

from training.feed import PROCEDURAL, Feed
from training.procedural import (
    GENERATORS,
    LOOKS,
    SIZE,
    render,
)
from training.procedural.fields import blur, smooth_noise
from training.procedural.scene import Scene, borders, compact
from training.samples import Sample

KINDS = pytest.mark.parametrize("kind", dict.fromkeys(GENERATORS), ids=lambda kind: kind.__name__)
SEEDS = range(3)


def disks() -> np.ndarray:
    y, x = np.mgrid[:180, :240]
    labels = np.zeros((180, 240), np.int32)
    places = [(40, 50), (90, 120), (140, 60), (60, 180), (60, 215), (140, 160)]
    for index, (cy, cx) in enumerate(places, 1):
        labels[((y - cy) ** 2 + (x - cx) ** 2 < 20**2) & (labels == 0)] = index
    return labels


def check(sample: Sample) -> None:
    """What holds for every sample."""
    assert sample.image.dtype == np.uint8
    assert sample.image.shape[2:] in ((), (3,))
    assert sample.labels.shape == sample.image.shape[:2]
    assert sample.labels.dtype == np.int32
    if sample.inner is not None:
        assert sample.inner.dtype == np.int32
        assert (sample.labels[sample.inner > 0] == sample.inner[sample.inner > 0]).all()


def difference(sample: Sample) -> float:
    """How far two sides of the borders of objects lie apart, in deviations of the image.

    It compares the histograms of thin bands, so that a line on the border counts like a step.
    """
    edge = borders(sample.labels)
    near = distance_transform_edt(~edge) < 3
    far = (distance_transform_edt(~edge) > 4) & (sample.labels > 0)
    image = sample.image.reshape(*sample.labels.shape, -1).astype(float)
    found = 0.0
    for plane in np.moveaxis(image, -1, 0):
        inside, outside = near & (sample.labels > 0), near & (sample.labels == 0)
        spread = plane.std() + 1e-6
        pairs = [(inside, outside), (near, far)]
        for a, b in pairs:
            if a.any() and b.any():
                levels = np.linspace(0, 1, 41)
                apart = np.abs(np.quantile(plane[a], levels) - np.quantile(plane[b], levels))
                found = max(found, float(apart.mean() / spread))
    return found


@KINDS
def test_objects_can_be_seen(kind: Callable[[Generator], Sample]) -> None:
    contrast = []
    for seed in SEEDS:
        sample = kind(np.random.default_rng(seed))
        check(sample)
        assert sample.labels.shape == (SIZE, SIZE)
        areas = np.bincount(sample.labels.ravel())[1:]
        assert areas.min() >= 12  # numbered from 1, no slivers
        assert sample.image.std() > 2
        contrast.append(difference(sample))
    assert np.mean(contrast) > 0.3
    pieces = [connected_components(sample.labels == 1 + i)[1] for i in range(min(len(areas), 20))]
    assert np.median(pieces) == 1


def generated(count: int, seed: int) -> list[Sample]:
    """Images of the kinds in turn."""
    return [
        GENERATORS[index % len(GENERATORS)](np.random.default_rng((seed, index)))
        for index in range(count)
    ]


@pytest.mark.long
def test_kinds_span_the_sizes() -> None:
    widths = [Scene(s.labels).diameter for s in generated(len(GENERATORS), 7)]
    assert min(widths) < 15
    assert max(widths) > 50


def test_set_is_determined_by_its_seed() -> None:
    first, again, other = (generated(3, seed) for seed in (1, 1, 2))
    assert all((a.image == b.image).all() for a, b in zip(first, again, strict=True))
    assert any((a.labels != b.labels).any() for a, b in zip(first, other, strict=True))


@pytest.mark.long
def test_number_of_processes_does_not_matter() -> None:
    feeds = [Feed({}, seed=3, workers=workers, slots=2) for workers in (0, 2)]
    alone, shared = (feed.canvases()[PROCEDURAL] for feed in feeds)
    for feed in feeds:
        feed.close()
    for a, b in zip(alone, shared, strict=True):
        assert (a.image == b.image).all()
        assert (a.labels == b.labels).all()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
def test_every_look_shows_given_labels(look: Callable[[Generator, Scene], Sample]) -> None:
    labels = disks()
    contrast = []
    for seed in SEEDS:
        sample = look(np.random.default_rng(seed), Scene(labels))
        check(sample)
        assert (sample.labels == labels).all()
        contrast.append(difference(sample))
    assert np.mean(contrast) > 0.3


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_render_keeps_labels_of_any_map(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = disks()[: rng.integers(30, 181), : rng.integers(30, 241)]
    if rng.random() < 0.3:
        labels = np.where(labels == 2, 0, labels)  # ids need not be consecutive
    sample = render(labels, rng)
    check(sample)
    assert (sample.labels == labels).all()


@pytest.mark.parametrize("labels", [np.zeros((40, 50), np.int32), np.ones((40, 50), np.int32)])
def test_render_of_nothing_or_of_one_object(labels: np.ndarray) -> None:
    for seed in range(20):
        check(render(labels, np.random.default_rng(seed)))


@pytest.mark.parametrize("sigma", [0.7, 2.0, 9.0, 40.0])
def test_noise_has_unit_deviation(sigma: float) -> None:
    rng = np.random.default_rng(0)
    fields = np.stack([smooth_noise(rng, (200, 260), sigma) for _ in range(12)])
    assert fields.shape == (12, 200, 260)
    assert fields.std() == pytest.approx(1, rel=0.35)


def test_blur_keeps_the_sum() -> None:
    image = np.zeros((101, 103), np.float32)
    image[50, 51] = 1
    for sigma in (1.0, 5.0, 8.0):
        assert blur(image, sigma).sum() == pytest.approx(1, rel=0.02)
        assert blur(image, sigma).max() == pytest.approx(1 / (2 * np.pi * sigma**2), rel=0.2)


def test_depth_is_signed_and_in_pixels() -> None:
    labels = np.zeros((20, 30), np.int32)
    labels[5:15, 5:15] = 1
    labels[5:15, 15:25] = 2
    depth = Scene(labels).depth
    assert depth[10, 5] == depth[10, 14] == depth[10, 15] == 0.5
    assert depth[10, 4] == -0.5
    assert depth[10, 9] == 4.5


def test_compact_numbers_from_one() -> None:
    labels = np.zeros((20, 20), np.int32)
    labels[:5, :5], labels[10:12, 10:12], labels[10:, :8] = 9, 4, 7
    assert np.unique(compact(labels)).tolist() == [0, 1, 2]
