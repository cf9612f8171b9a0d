"""Preprocess: each family sees a window as its reference does, and gives masks back as it does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

from napari_sam.model.config import ModelConfig
from napari_sam.model.preprocess import (
    enlarge,
    input_size,
    interpolation,
    padded_size,
    preprocess,
    restore,
)
from napari_sam.weights.families import cells_tiny, efficient_tam, sam1, sam2
from tests.golden.generated import SHAPES, image

MEAN, STD = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])


def model_input(config: ModelConfig, rgb: NDArray[np.uint8]) -> torch.Tensor:
    return preprocess(config, torch.from_numpy(rgb).float())


@pytest.mark.parametrize(
    ("shape", "size"), [("square", (1024, 1024)), ("wide", (640, 1024)), ("tall", (1024, 702))]
)
def test_sam_1_resizes_the_longest_side_with_pillow_and_pads(shape, size):
    config, rgb = sam1("vit_b"), image(shape)
    assert input_size(config, *rgb.shape[:2]) == size
    assert padded_size(config, *rgb.shape[:2]) == (1024, 1024)
    seen = model_input(config, rgb)
    pillow = Image.fromarray(rgb).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    expected = (np.asarray(pillow, np.float64) - MEAN) / STD
    assert seen.shape == (1, 3, 1024, 1024)
    inside = seen[0, :, : size[0], : size[1]].permute(1, 2, 0).numpy()
    assert np.abs(inside - expected).max() < 1e-5
    assert seen[..., size[0] :, :].abs().sum() == 0
    assert seen[..., size[1] :].abs().sum() == 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("config", "side"),
    [(sam2("tiny"), 1024), (efficient_tam("ti"), 1024), (efficient_tam("ti", 512), 512)],
)
def test_sam_2_resizes_to_a_square_with_antialiasing(config, side, shape):
    rgb = image(shape)
    seen = model_input(config, rgb)
    unit = torch.from_numpy(rgb).permute(2, 0, 1)[None].double() / 255
    resized = functional.interpolate(
        unit, (side, side), mode="bilinear", align_corners=False, antialias=True
    )
    mean, std = (torch.tensor(values / 255).view(3, 1, 1) for values in (MEAN, STD))
    assert seen.shape == (1, 3, side, side)
    assert (seen - (resized - mean) / std).abs().max() < 1e-4


def test_the_built_in_model_takes_pixels_as_they_are():
    rgb = image("wide")[:50, :70]
    seen = model_input(cells_tiny(), rgb)
    assert seen.shape == (1, 3, 64, 80)
    inside = seen[0, :, :50, :70].permute(1, 2, 0).numpy()
    assert np.abs(inside - (rgb - 127.5) / 64.0).max() < 1e-6


def test_a_whole_tile_is_never_resized():
    rgb = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    for config in (sam1("vit_b"), sam2("tiny")):
        expected = (rgb - MEAN) / STD
        assert np.abs(model_input(config, rgb)[0].permute(1, 2, 0).numpy() - expected).max() < 1e-5


@pytest.mark.parametrize("shape", [(512, 512), (400, 640), (700, 480), (1024, 1024), (1, 37)])
def test_logits_come_back_as_the_references_bring_them(shape):
    logits = torch.randn(1, 1, 256, 256)

    def resized(x: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        return functional.interpolate(x, size, mode="bilinear", align_corners=False)

    one = sam1("vit_b")
    rows, cols = input_size(one, *shape)
    expected = {
        "longest": resized(resized(logits, (1024, 1024))[..., :rows, :cols], shape),
        "square": resized(logits, shape),
    }
    for config in (one, sam2("tiny")):
        left, right = enlarge(config, *shape)
        ours = left @ logits[0, 0] @ right.T
        assert (ours - expected[config.resize][0, 0]).abs().max() < 1e-5


def test_maps_lose_their_padding():
    config = sam1("vit_b")
    maps = torch.zeros(1, 3, 1024, 1024)
    maps[..., :640, :] = 1
    restored = restore(config, maps, 400, 640)
    assert torch.allclose(restored, torch.ones(1, 3, 400, 640), atol=1e-6, rtol=0)
    same = torch.randn(1, 3, 1024, 1024)
    assert restore(config, same, 1024, 1024) is not None
    assert torch.equal(restore(config, same, 1024, 1024), same)


@pytest.mark.parametrize(("source", "target"), [(4, 16), (16, 7), (1, 5), (256, 256)])
def test_interpolation_keeps_constants(source, target):
    matrix = interpolation(source, target)
    assert matrix.shape == (target, source)
    assert torch.allclose(matrix.sum(1), torch.ones(target), atol=1e-6)


def test_windows_of_a_public_model_may_be_of_any_size():
    config = replace(sam1("vit_b"), image_size=64)
    assert padded_size(config, 7, 300) == (64, 64)
    assert input_size(config, 7, 300) == (1, 64)
