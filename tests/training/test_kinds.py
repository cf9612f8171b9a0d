"""Kinds of procedural images: each has the statistics of what it stands for."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import distance_transform_edt
from skimage.measure import regionprops

from training.procedural import kinds, kinds_optical, looks_optical, looks_stained, optics
from training.procedural.colony import draw_rods, grow
from training.procedural.layouts import aligned, crossing, growing
from training.procedural.scene import Scene
from training.sheet import MARGIN, SIDE, draw_sheet


def touching(labels: NDArray[np.int32]) -> float:
    """Share of the border pixels of objects that have another object beside them."""
    touch = edge = 0
    for a, b in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        change = a != b
        edge += int(change.sum())
        touch += int((change & (a > 0) & (b > 0)).sum())
    return touch / edge


def ratios(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Length by width of objects that do not touch the side of the picture."""
    side = labels.shape[0]
    whole = [r for r in regionprops(labels) if min(r.bbox[:2]) > 0 and max(r.bbox[2:]) < side]
    return np.array([r.axis_major_length / max(r.axis_minor_length, 1) for r in whole])


@pytest.mark.parametrize("longest", [1.05, 3.0, 6.0])
def test_colony_grows_to_rods_that_touch_and_do_not_overlap(longest: float) -> None:
    rng = np.random.default_rng(0)
    rods = grow(rng, 60, longest)
    assert 60 <= len(rods.halves) <= 120
    labels = draw_rods(rng, rods, (512, 512), 12)
    assert labels.max() > 0.9 * len(rods.halves)
    assert touching(labels) > 0.1
    widths = 2 * Scene(labels).deepest[1:]
    assert 7 < np.median(widths) < 13  # touching rods share a border, which is no gap
    areas = np.bincount(labels.ravel())[1:]
    drawn = 12 * 12 * rods.halves + np.pi * 36  # of rods that nothing hides
    assert 0.8 < areas.sum() / drawn.sum() < 1.02


def test_rods_of_a_colony_lie_side_by_side() -> None:
    rods = grow(np.random.default_rng(1), 80, 4)
    near = np.linalg.norm(rods.centres[:, None] - rods.centres[None], axis=-1) < 4
    across = np.abs(np.cos(rods.angles[:, None] - rods.angles[None]))[near]
    assert across.mean() > 0.8  # 0.64 if angles were random


def test_bacteria_are_from_six_pixels_wide() -> None:
    scenes = [growing(np.random.default_rng(seed)) for seed in range(2, 6)]
    widths = [scene.diameter for scene in scenes]
    assert 4 < min(widths) < 9
    assert max(widths) > 15
    assert max(touching(scene.labels) for scene in scenes) > 0.2


def test_phase_contrast_has_halos_of_the_other_sign() -> None:
    signs, halos = [], []
    for seed in range(6):
        scene = aligned(np.random.default_rng(seed))
        look = looks_optical.solid_bodies if seed % 2 else looks_optical.zernike_cells
        rng = np.random.default_rng(seed)
        phase = np.where(scene.inside, 0.6, 0).astype(np.float32)
        image = looks_optical.phase_contrast(rng, phase, scene.diameter)
        assert look(rng, scene).labels is scene.labels
        outside = distance_transform_edt(~scene.inside)
        edge = scene.inside & (scene.depth < 3)
        near = (outside > 1) & (outside < 4)
        signs.append(np.sign(image[edge].mean() - 1))
        halos.append(-signs[-1] * (image[near].mean() - 1))
    assert min(halos) > 0.02
    assert np.mean(signs) < 0  # mostly dark cells


def test_worms_are_long_and_cross() -> None:
    crossed = []
    for seed in range(6):
        scene = crossing(np.random.default_rng(seed))
        areas = np.bincount(scene.labels.ravel())[1:]
        lengths = areas / scene.deepest[1:] ** 2 / 4
        assert np.median(lengths) > 3
        assert scene.overlap is not None
        crossed.append(bool(scene.overlap.any()))
    assert any(crossed)
    assert kinds_optical.worms(np.random.default_rng(0)).image.ndim == 2


def test_wells_are_dark_at_the_corners() -> None:
    for seed in range(5):
        image = optics.well(np.random.default_rng(seed), np.ones((200, 300), np.float32))
        corners = np.mean([image[0, 0], image[0, -1], image[-1, 0], image[-1, -1]])
        assert corners < 0.5 * image[80:120, 120:180].mean()


def test_aligned_cells_are_spindles_from_sparse_to_confluent() -> None:
    scenes = [aligned(np.random.default_rng(seed)) for seed in range(10)]
    assert np.median(np.concatenate([ratios(scene.labels) for scene in scenes])) > 2
    covers = [scene.inside.mean() for scene in scenes]
    assert min(covers) < 0.5 < 0.75 < max(covers)


def test_stains_vary_and_nuclei_stay_bluer_than_their_surroundings() -> None:
    reds, bluer = [], []
    for seed in range(6):
        sample = kinds.tissue_stained(np.random.default_rng(seed))
        density = -np.log((sample.image.astype(float) + 1) / 256)
        inside, outside = (density[sample.labels > 0], density[sample.labels == 0])
        of_nuclei = np.median(inside, 0) - np.median(outside, 0)
        bluer.append(of_nuclei[0] / (of_nuclei.sum() + 1e-6))
        reds.append(np.median(outside, 0)[1])
    assert np.mean(bluer) > 0.3  # haematoxylin absorbs red, eosin hardly
    assert max(reds) > 2 * min(reds)
    rng = np.random.default_rng(0)
    eosins = np.array([looks_stained.between(rng, looks_stained.EOSINS) for _ in range(50)])
    assert np.ptp(eosins[:, 2]) > 0.3
    assert (eosins > 0).all()


def test_chloroplasts_have_stacks_and_starch_inside() -> None:
    inner = []
    for seed in range(5):
        sample = kinds_optical.plastids(np.random.default_rng(seed))
        deep = Scene(sample.labels).relative > 0.4
        if deep.any():
            inner.append(sample.image[deep].std() / max(sample.image.std(), 1))
    assert np.mean(inner) > 0.5


def test_sheet_shows_a_row_of_each_kind() -> None:
    sheet = draw_sheet(["worms", "yeast"], 2, 0)
    assert isinstance(sheet, Image.Image)
    assert sheet.size == (2 * SIDE, 2 * (SIDE + MARGIN))
    pixels = np.asarray(sheet)
    for row in range(2):
        for column in range(2):
            top = row * (SIDE + MARGIN) + MARGIN
            part = pixels[top : top + SIDE, column * SIDE : (column + 1) * SIDE]
            assert part.std() > 2
