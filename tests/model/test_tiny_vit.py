"""MobileSAM's image encoder: its reference's embeddings, and which weights it answers with."""

import copy
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from napari_sam.model.config import ModelConfig, TinyVitConfig
from napari_sam.model.tiny_vit import ConvNorm, TinyVitEncoder
from napari_sam.weights.families import sam1
from napari_sam.weights.recognise import translate
from tests.golden.generated import SHAPES, generate_weights, image
from tests.golden.record import Answers, difference, keep, load

CONFIG = sam1("vit_t")
PREFIX = "image_encoder."
SMALL = TinyVitConfig((8, 16, 24, 32), (1, 1, 2, 1), (2, 2, 2, 2), (3, 3, 5, 3))


def reference_state() -> dict[str, Tensor]:
    """Generated weights under the names of MobileSAM's own file."""
    weights = generate_weights(load("vit_t")[0])
    return {key: torch.from_numpy(values) for key, values in weights.items()}


def encoder_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The image encoder's part of a checkpoint, under our names."""
    translated = translate(CONFIG, state).items()
    return {key.removeprefix(PREFIX): value for key, value in translated if key.startswith(PREFIX)}


@pytest.fixture(scope="module")
def mobile_sam() -> TinyVitEncoder:
    """The encoder of full size with generated weights."""
    encoder = TinyVitEncoder(CONFIG, CONFIG.trunk).eval()
    encoder.load_state_dict(encoder_state(reference_state()), strict=True)
    return encoder


@pytest.fixture
def small() -> Iterator[TinyVitEncoder]:
    """An encoder that a test can afford, in which no weight is zero or one by chance."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = TinyVitEncoder(ModelConfig("t", SMALL, prompt_dim=16), SMALL).eval()
        for parameter in encoder.parameters():
            nn.init.normal_(parameter, std=0.3)
        for layer in encoder.modules():
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.running_mean)
                nn.init.uniform_(layer.running_var, 0.5, 2)
        yield encoder


def batch() -> Tensor:
    """Two images whose stages are no multiple of the windows, and of more than one strip."""
    return torch.randn(2, 3, 192, 128, generator=torch.Generator().manual_seed(1))


def embed(encoder: TinyVitEncoder, images: Tensor) -> Tensor:
    with torch.inference_mode():
        return encoder(images).image_embedding


def off(found: Tensor, expected: Tensor) -> float:
    """Largest difference, relative to the largest value expected."""
    return float((found - expected).abs().max() / expected.abs().max())


def as_mobile_sam_prepares(rgb: np.ndarray) -> Tensor:
    """Longest side to 1024 by PIL, ImageNet's mean and deviation, zeros right and below."""
    h, w = rgb.shape[:2]
    scale = 1024 / max(h, w)
    size = (int(w * scale + 0.5), int(h * scale + 0.5))
    resized = np.array(Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR), np.float32)
    normed = (resized - CONFIG.pixel_mean) / CONFIG.pixel_std
    padded = np.zeros((1024, 1024, 3), np.float32)
    padded[: size[1], : size[0]] = normed
    return torch.from_numpy(padded).permute(2, 0, 1)[None]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_embedding_is_that_of_mobile_sam(mobile_sam: TinyVitEncoder, shape: str) -> None:
    embedding = embed(mobile_sam, as_mobile_sam_prepares(image(shape)))
    assert embedding.shape == (1, 256, 64, 64)
    ours: Answers = {}
    keep(ours, shape, {"image_embedding": embedding[0].numpy()})
    assert difference(ours, load("vit_t")[1], f"{shape}/image_embedding") <= 1e-5


def test_only_the_classifier_of_a_checkpoint_is_left_out(mobile_sam: TinyVitEncoder) -> None:
    state = {key: value for key, value in reference_state().items() if key.startswith(PREFIX)}
    left_out = {
        key
        for key in state
        if not any(k.startswith(PREFIX) for k in translate(CONFIG, {key: state[key]}))
    }
    heads = {
        f"{PREFIX}{head}.{kind}" for head in ("norm_head", "head") for kind in ("weight", "bias")
    }
    assert left_out == heads
    assert len(mobile_sam.state_dict()) == len(state) - len(heads)


def test_encoding_leaves_the_weights_as_they_are_in_the_file(small: TinyVitEncoder) -> None:
    before = copy.deepcopy(small.state_dict())
    expected = embed(small, batch())
    after = small.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)
    other = TinyVitEncoder(ModelConfig("t", SMALL, prompt_dim=16), SMALL).eval()
    embed(other, batch())  # whatever it may keep of its first weights must not stay
    other.load_state_dict(after, strict=True)
    assert torch.equal(embed(other, batch()), expected)


def test_batch_norms_folded_or_not_make_no_difference(
    small: TinyVitEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded = embed(small, batch())

    def unfolded(layer: ConvNorm, x: Tensor) -> Tensor:
        return layer.bn(layer.c(x.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)

    monkeypatch.setattr(ConvNorm, "forward", unfolded)
    expected = small(batch()).image_embedding.detach()  # with gradients, so not in strips
    assert off(folded, expected) <= 1e-5


@pytest.mark.parametrize("kind", ["running_var", "attention_biases", "c.weight"])
def test_changed_weights_change_the_answer(small: TinyVitEncoder, kind: str) -> None:
    before = embed(small, batch())
    with torch.no_grad():
        for key, tensor in small.state_dict().items():
            if key.endswith(kind):
                tensor.mul_(1.5)
    after = embed(small, batch())
    assert off(after, before) > 1e-3
    assert off(after, small(batch()).image_embedding.detach()) <= 1e-5


def test_training_without_gradients_is_training_with_them(small: TinyVitEncoder) -> None:
    """As when the statistics of the batch norms are estimated again."""
    small.train()
    twin = copy.deepcopy(small)
    expected = small(batch()).image_embedding.detach()
    with torch.no_grad():
        found = twin(batch()).image_embedding
    assert off(found, expected) <= 1e-5
    pairs = zip(twin.buffers(), small.buffers(), strict=True)
    assert all(torch.allclose(ours, theirs, atol=1e-5) for ours, theirs in pairs)


def test_gradients_flow_after_inference(small: TinyVitEncoder) -> None:
    embed(small, batch())
    small(batch()).image_embedding.square().sum().backward()
    assert all(parameter.grad is not None for parameter in small.parameters())


def test_the_image_is_left_alone(small: TinyVitEncoder) -> None:
    images = batch().contiguous(memory_format=torch.channels_last)
    embed(small, images)
    assert torch.equal(images, batch())
