"""Image encoders: what is done for speed changes no result."""

import pytest
import torch
from torch import nn

from napari_sam.model.buffers import Buffers
from napari_sam.model.config import HieraConfig, ModelConfig, TinyVitConfig
from napari_sam.model.hiera import Hiera, HieraBlock, HieraEncoder, both_conv1x1, conv1x1
from napari_sam.model.tiny_vit import ConvNorm, MBConv, PatchMerging, TinyVitBlock, TinyVitEncoder

HIERA = HieraConfig(8, 1, (1, 2, 2, 1), (4,), windows=(8, 4, 6, 3), position_grid=3)
TINY_VIT = TinyVitConfig((8, 16, 24, 32), (1, 1, 2, 1), (2, 2, 2, 2), (3, 3, 5, 3))


def randomise(module: nn.Module) -> None:
    """Weights in which nothing is zero or one by chance."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            nn.init.normal_(buffer)
        elif name.endswith("running_var"):
            nn.init.uniform_(buffer, 0.5, 2)


@pytest.mark.parametrize("pools", [False, True])
@pytest.mark.parametrize("window", [0, 4, 6])
def test_a_hiera_block_in_strips_is_the_whole(monkeypatch, pools, window):
    monkeypatch.setattr("napari_sam.model.hiera._VALUES_AT_ONCE", 800)
    block = HieraBlock(8, 16 if pools else 8, 2, window, pools)
    randomise(block)
    x = torch.randn(2, 20, 16, 8)
    whole = block(x, Buffers())
    with torch.inference_mode():
        strips = block(x.clone(), Buffers())
    assert whole.shape == ((2, 10, 8, 16) if pools else x.shape)
    assert torch.allclose(strips, whole, atol=1e-5)


def test_the_stages_of_hiera_halve_the_grid_and_double_the_width():
    trunk = Hiera(HIERA)
    randomise(trunk)
    image = torch.randn(1, 3, 96, 64)
    shapes = [tuple(stage.shape[1:]) for stage in trunk(image)]
    assert shapes == [(24, 16, 8), (12, 8, 16), (6, 4, 32), (3, 2, 64)]


def test_hiera_gives_the_same_with_and_without_gradients():
    config = ModelConfig("h", HIERA, prompt_dim=32, mask_dim=8, high_res_features=True)
    encoder = HieraEncoder(config, HIERA)
    randomise(encoder)
    image = torch.randn(2, 3, 64, 128)
    slow = encoder(image)
    with torch.inference_mode():
        fast = encoder(image)
    assert [tuple(x.shape) for x in slow.high_res_features] == [(2, 8, 8, 16), (2, 8, 16, 32)]
    pairs = zip(
        (slow.image_embedding, *slow.high_res_features),
        (fast.image_embedding, *fast.high_res_features),
        strict=True,
    )
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-4) for a, b in pairs)
    slow.image_embedding.sum().backward()
    assert all(p.grad is not None for p in encoder.trunk.parameters())


def test_two_small_convolutions_are_one():
    first, second = nn.Conv2d(6, 32, 1), nn.Conv2d(32, 4, 1)
    x = torch.randn(2, 5, 7, 6)
    one_by_one = second(conv1x1(x, first))
    assert torch.allclose(both_conv1x1(x, first, second), one_by_one, atol=1e-5)


def test_a_folded_batch_norm_is_the_batch_norm():
    layer = ConvNorm(6, 6, 3, 2, depthwise=True).eval()
    randomise(layer)
    x = torch.randn(2, 9, 8, 6)
    expected = layer.bn(layer.c(x.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
    assert torch.allclose(layer(x), expected, atol=1e-5)
    with torch.no_grad():
        layer.bn.weight.mul_(2)
    assert not torch.allclose(layer(x), expected, atol=1e-3)


@pytest.mark.parametrize(
    "block", [MBConv(6), PatchMerging(6, 10, 2), PatchMerging(6, 10, 1)], ids=str
)
@pytest.mark.parametrize("height", [16, 48, 50])
def test_a_bottleneck_in_strips_is_the_whole(block, height):
    block.eval()
    randomise(block)
    x = torch.randn(1, height, 20, 6)
    whole = block(x)
    with torch.inference_mode():
        strips = block(x)
    assert torch.allclose(strips, whole, atol=1e-5)


def test_padding_of_tiny_vit_is_seen_as_normed_zeros():
    block = TinyVitBlock(8, 2, 5).eval()
    randomise(block)
    x = torch.randn(1, 6, 7, 8)
    attention = block.attn
    padded = torch.zeros(1, 10, 10, 8)
    padded[:, :6, :7] = x
    # windows of the padded image, each attended to by the plain formula
    qkv = attention.qkv(attention.norm(padded))
    expected = torch.zeros(1, 10, 10, 8)
    bias = attention._bias()
    for top in (0, 5):
        for left in (0, 5):
            window = qkv[0, top : top + 5, left : left + 5].reshape(25, 2, 12)
            for head in range(2):
                q, k, v = window[:, head].split(4, dim=-1)
                scores = (q @ k.T / 2 + bias[head]).softmax(-1)
                out = (scores @ v).view(5, 5, 4)
                expected[0, top : top + 5, left : left + 5, 4 * head : 4 * head + 4] = out
    assert torch.allclose(attention(x, Buffers()), expected[:, :6, :7], atol=1e-5)


def test_tiny_vit_gives_the_same_with_and_without_gradients():
    config = ModelConfig("t", TINY_VIT, prompt_dim=16)
    encoder = TinyVitEncoder(config, TINY_VIT).eval()
    randomise(encoder)
    image = torch.randn(2, 3, 128, 64)
    slow = encoder(image).image_embedding
    with torch.inference_mode():
        fast = encoder(image).image_embedding
    assert slow.shape == (2, 16, 8, 4)
    assert torch.allclose(slow, fast, rtol=1e-4, atol=1e-4)


def test_tiny_vit_can_be_trained():
    config = ModelConfig("t", TINY_VIT, prompt_dim=16)
    encoder = TinyVitEncoder(config, TINY_VIT).train()
    encoder(torch.randn(2, 3, 64, 64)).image_embedding.square().sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())
    assert encoder.patch_embed["seq"][0].bn.num_batches_tracked == 1
