"""Precision: bf16 keeps the features of every family, its copy of the weights is never stale."""

from collections.abc import Callable

import pytest
import torch

from napari_sam.model.attention import attend_in_parts
from napari_sam.model.config import HieraConfig, ModelConfig, TinyVitConfig, VitConfig
from napari_sam.model.features import ImageFeatures
from napari_sam.model.interrupt import Interrupted, interruptible
from napari_sam.model.layers import product
from napari_sam.model.precision import Precision
from napari_sam.model.sam import Sam
from tests.golden.generated import generate_weights
from tests.tiny import tiny_config

HIERA = HieraConfig(16, 1, (1, 2, 3, 1), (4,), windows=(8, 4, 6, 3), position_grid=3)
TINY_VIT = TinyVitConfig((16, 32, 48, 64), (2, 2, 3, 2), (2, 2, 2, 2), (3, 3, 5, 3))
SAM_1 = VitConfig(64, 4, 4, 5, (1, 3), relative_positions=True)


def family(trunk: VitConfig | HieraConfig | TinyVitConfig, *, high_res: bool = False) -> Sam:
    """A narrow model of a public family, with weights as the tests of parity generate them."""
    config = ModelConfig(
        "narrow", trunk, prompt_dim=32, mask_dim=8, high_res_features=high_res, image_size=256
    )
    return with_weights(Sam(config))


def with_weights(model: Sam) -> Sam:
    """Generated weights of every tensor, by its name and shape."""
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    weights = generate_weights(shapes)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return model.eval()


FAMILIES: dict[str, Callable[[], Sam]] = {
    "SAM 1": lambda: family(SAM_1),
    "SAM 2": lambda: family(HIERA, high_res=True),
    "MobileSAM": lambda: family(TINY_VIT),
    "EfficientTAM": lambda: family(VitConfig(48, 4, 3, 6, (1, 3))),
    "cells-tiny": lambda: with_weights(Sam(tiny_config())),
}


def waves(size: int = 256) -> torch.Tensor:
    """``(1, 3, size, size)`` float32: a normalised image of blobs."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return torch.stack([torch.sin(x / s) * torch.cos(y / (s + 3)) for s in (5, 9, 23)])[None]


def tensors(features: ImageFeatures) -> list[torch.Tensor]:
    return [features.image_embedding, *features.high_res_features]


def overlap(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("name", FAMILIES)
def test_bf16_keeps_the_masks_of_every_family(name: str) -> None:
    model, image = FAMILIES[name](), waves()
    points = torch.rand(1, 24, 1, 2, generator=torch.Generator().manual_seed(0)) * 256
    labels = torch.ones(1, 24, 1, dtype=torch.long)
    disks = (waves()[:, :1] > 0)[..., ::4, ::4].expand(1, 24, 64, 64)
    with torch.inference_mode():
        masks = [
            model.decode(model.encode_image(image, precision=each), points, labels).low_res_logits
            > 0
            for each in Precision
        ]
    slow, fast = (mask[:, :, 0].unbind(1) for mask in masks)
    truth = disks.unbind(1)
    ious = [
        [overlap(mask, true) for mask, true in zip(side, truth, strict=True)]
        for side in (slow, fast)
    ]
    differences = [abs(a - b) for a, b in zip(*ious, strict=True)]
    assert sum(differences) / len(differences) <= 0.005


@pytest.mark.parametrize("name", FAMILIES)
def test_bf16_features_are_close_and_float32(name: str) -> None:
    model, image = FAMILIES[name](), waves()
    with torch.inference_mode():
        slow, fast = (tensors(model.encode_image(image, precision=each)) for each in Precision)
    for exact, rounded in zip(slow, fast, strict=True):
        assert rounded.dtype == torch.float32
        difference = float((exact - rounded).norm() / exact.norm())
        assert 0 < difference < 0.03


def test_the_usual_precision_is_fp32_bit_by_bit() -> None:
    model, image = FAMILIES["SAM 1"](), waves()
    with torch.inference_mode():
        usual = model.encode_image(image)
        asked = model.encode_image(image, precision=Precision.FP32)
        plain = model.image_encoder(image)
    assert torch.equal(usual.image_embedding, asked.image_embedding)
    assert torch.equal(usual.image_embedding, plain.image_embedding)


def test_the_cast_encoder_follows_the_weights() -> None:
    model, image = FAMILIES["SAM 1"](), waves()
    model.precisions = (Precision.BF16,)
    with torch.inference_mode():
        before = model.encode_image(image).image_embedding
        again = model.encode_image(image).image_embedding
    with torch.no_grad():
        model.get_parameter("image_encoder.blocks.0.mlp.lin1.weight").mul_(2)
    with torch.inference_mode():
        after = model.encode_image(image).image_embedding
    assert torch.equal(before, again)
    assert not torch.equal(before, after)
    assert model.encoder_in(Precision.BF16) is model.encoder_in(Precision.BF16)


def test_training_sees_float32_whatever_the_precision() -> None:
    model, image = FAMILIES["MobileSAM"](), waves()
    exact = model.encode_image(image).image_embedding
    model.precisions = (Precision.BF16,)
    assert torch.equal(model.encode_image(image).image_embedding, exact)


def test_the_state_of_a_model_has_no_cast_weights() -> None:
    model = FAMILIES["SAM 2"]()
    names = set(model.state_dict())
    with torch.inference_mode():
        model.encode_image(waves(), precision=Precision.BF16)
    assert set(model.state_dict()) == names
    assert all(p.dtype == torch.float32 for p in model.parameters())


def test_bf16_can_be_interrupted_between_two_layers() -> None:
    model = FAMILIES["SAM 1"]()
    encoder = model.encoder_in(Precision.BF16)
    with torch.inference_mode(), pytest.raises(Interrupted), interruptible(encoder, lambda: True):
        model.encode_image(waves(), precision=Precision.BF16)


@pytest.mark.parametrize("rows", [16, 63, 64, 1000, 1024])
def test_a_product_is_that_of_torch(rows: int) -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, rows, 24), torch.randn(40, 24), torch.randn(40)
    expected = torch.nn.functional.linear(x, weight, bias)
    with torch.inference_mode():
        found = product(x, weight, bias)
    assert found.is_contiguous()
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("with_bias", [False, True])
def test_attention_in_parts_is_that_of_torch(with_bias: bool) -> None:
    torch.manual_seed(0)
    h, w = 12, 25
    q, k, v = (torch.randn(2, 3, h * w, 16) for _ in range(3))
    rows, cols = torch.randn(2, 3, h * w, h), torch.randn(2, 3, h * w, w)
    mask = (rows[..., None] + cols[..., None, :]).flatten(3) if with_bias else None
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    with torch.inference_mode():
        found = attend_in_parts(q, k, v, (rows, cols) if with_bias else None)
    assert torch.allclose(found, expected.transpose(1, 2), atol=1e-5)
