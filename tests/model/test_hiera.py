"""Hiera: its parts are the plain formulas, and what is folded follows the weights."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from napari_sam.model.config import HieraConfig, ModelConfig
from napari_sam.model.features import ImageFeatures
from napari_sam.model.hiera import Hiera, HieraEncoder, pool

TRUNK = HieraConfig(8, 1, (1, 2, 2, 1), (4,), windows=(8, 4, 6, 3), position_grid=3)
CONFIG = ModelConfig("h", TRUNK, prompt_dim=32, mask_dim=8, high_res_features=True)


@pytest.fixture
def encoder() -> HieraEncoder:
    torch.manual_seed(0)
    encoder = HieraEncoder(CONFIG, TRUNK)
    for parameter in encoder.parameters():
        nn.init.normal_(parameter, std=0.3)
    return encoder


def encode(encoder: HieraEncoder, image: torch.Tensor) -> list[torch.Tensor]:
    with torch.inference_mode():
        features: ImageFeatures = encoder(image)
    return [features.image_embedding, *features.high_res_features]


def test_pooling_takes_the_largest_of_four() -> None:
    x = torch.randn(2, 6, 8, 5)
    expected = functional.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
    assert torch.equal(pool(x), expected)


@pytest.mark.parametrize("values", [1, 1_600_000])
def test_positions_are_a_resized_background_and_a_repeated_window(
    monkeypatch: pytest.MonkeyPatch, values: int
) -> None:
    monkeypatch.setattr("napari_sam.model.hiera._VALUES_AT_ONCE", values)
    trunk = Hiera(TRUNK)
    nn.init.normal_(trunk.pos_embed)
    nn.init.normal_(trunk.pos_embed_window)
    background = functional.interpolate(trunk.pos_embed, (24, 16), mode="bicubic")
    expected = background + trunk.pos_embed_window.repeat(1, 1, 3, 2)
    x = torch.randn(2, 24, 16, 8)
    found = trunk._add_positions(x.clone())
    torch.testing.assert_close(found, x + expected.permute(0, 2, 3, 1))


def test_windows_of_a_batch_are_those_of_its_images(encoder: HieraEncoder) -> None:
    images = torch.randn(2, 3, 96, 64)
    together = encode(encoder, images)
    for index in range(2):
        alone = encode(encoder, images[index : index + 1])
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[index : index + 1], b, rtol=1e-4, atol=1e-4)


def test_folded_convolutions_follow_the_weights(encoder: HieraEncoder) -> None:
    image = torch.randn(1, 3, 64, 64)
    before = encode(encoder, image)
    with torch.no_grad():
        encoder.conv_s0.weight.mul_(2)
        encoder.conv_s0.bias.mul_(2)
    changed = encode(encoder, image)
    torch.testing.assert_close(changed[2], 2 * before[2])
    assert torch.equal(changed[1], before[1])
    state = {key: torch.zeros_like(value) for key, value in encoder.state_dict().items()}
    state["conv_s1.bias"] += 3
    encoder.load_state_dict(state)
    embedding, middle, fine = encode(encoder, image)
    assert not embedding.any()
    assert not fine.any()
    assert torch.equal(middle, torch.full_like(middle, 3))


def test_an_encoder_keeps_no_state_between_images(encoder: HieraEncoder) -> None:
    """Work space is used again within an image; its features must survive the next one."""
    image = torch.randn(1, 3, 64, 64)
    first = encode(encoder, image)
    kept = [x.clone() for x in first]
    encode(encoder, torch.randn(1, 3, 64, 64))
    assert all(torch.equal(a, b) for a, b in zip(first, kept, strict=True))
    again = HieraEncoder(CONFIG, TRUNK)
    again.load_state_dict(encoder.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(first, encode(again, image), strict=True))
