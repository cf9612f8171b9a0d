"""Whatever a checkpoint is wrapped in: its family is recognised, and what does not fit is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_sam import Session
from napari_sam.errors import ModelError
from napari_sam.model.config import HieraConfig, ModelConfig, TinyVitConfig, VitConfig
from napari_sam.model.preprocess import enlarge, input_size
from napari_sam.model.sam import Sam
from napari_sam.weights.families import EFFICIENT_TAM, SAM1, SAM2
from napari_sam.weights.load import load_model
from napari_sam.weights.recognise import recognise, resize_positions, translate
from tests.golden.generated import generate_weights, image
from tests.golden.record import load

State = dict[str, torch.Tensor]


def state(name: str) -> State:
    return {key: torch.from_numpy(value) for key, value in generate_weights(load(name)[0]).items()}


def empty(name: str) -> State:
    """Keys and shapes only."""
    return {key: torch.empty(shape, device="meta") for key, shape in load(name)[0].items()}


@pytest.mark.parametrize(
    ("golden", "trunk"),
    [
        ("vit_b", SAM1["vit_b"]),
        ("vit_l", SAM1["vit_l"]),
        ("vit_h", SAM1["vit_h"]),
        ("vit_t", TinyVitConfig()),
        ("sam2.1_tiny", SAM2["tiny"]),
        ("sam2.1_large", SAM2["large"]),
        ("efficienttam_ti", EFFICIENT_TAM["ti"]),
    ],
)
def test_families_are_told_by_keys_and_shapes(
    golden: str, trunk: VitConfig | TinyVitConfig | HieraConfig
) -> None:
    config = recognise(empty(golden))
    assert config.trunk == trunk
    assert config.name == golden
    assert config.resize == ("longest" if golden.startswith("vit") else "square")
    assert config.padding_point == ("no_box" if golden.startswith("vit") else "always")


def test_releases_of_sam_2_are_told_apart() -> None:
    later, earlier = (recognise(empty(f"sam{release}_tiny")) for release in ("2.1", "2.0"))
    assert later.memory is not None
    assert earlier.memory is not None
    assert later.memory.pointer_times
    assert later.memory.embed_no_object
    assert not earlier.memory.pointer_times
    assert not earlier.memory.embed_no_object


def test_variants_of_efficient_tam_are_told_by_name() -> None:
    weights = empty("efficienttam_s")
    assert recognise(weights, name="efficienttam_s_512x512").image_size == 512
    pooled = recognise(weights, name="efficienttam_s_2")
    assert pooled.memory is not None
    assert pooled.memory.pooling == "keys"


def test_unknown_weights_are_refused_in_one_line() -> None:
    with pytest.raises(ModelError, match="of no model that napari-sam knows") as error:
        recognise({"conv1.weight": torch.zeros(3)})
    assert "\n" not in str(error.value)


def test_an_unknown_size_is_named() -> None:
    weights = empty("vit_b")
    weights["image_encoder.patch_embed.proj.weight"] = torch.empty(512, 3, 16, 16)
    with pytest.raises(ModelError, match="a SAM with 512 channels: known are vit_b"):
        recognise(weights)


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    weights = state("vit_t")
    del weights["mask_decoder.iou_token.weight"]
    weights["mask_decoder.extra"] = torch.zeros(2)
    weights["prompt_encoder.no_mask_embed.weight"] = torch.zeros(1, 128)
    torch.save(weights, tmp_path / "mine.pt")
    with pytest.raises(ModelError) as error:
        load_model(tmp_path / "mine.pt")
    message = str(error.value)
    assert "mask_decoder.iou_token.weight" in message
    assert "mask_decoder.extra" in message
    assert "prompt_encoder.no_mask_embed is 128 instead of 256" in message
    assert "\n" not in message


@pytest.mark.long
def test_a_checkpoint_of_micro_sam_segments_automatically(tmp_path: Path) -> None:
    decoder = state("unetr_bilinear")
    model = {f"sam.{key}": tensor for key, tensor in state("vit_t").items()}
    path = tmp_path / "finetuned.pt"
    torch.save({"model_state": model, "decoder_state": decoder, "iteration": 3}, path)
    sam = load_model(path)
    assert sam.config.name == "finetuned"
    assert sam.config.instance_decoder == "bilinear"
    session = Session.open(image("wide"), model=sam, contrast=(0, 255), axes="YXC", cache_dir=False)
    (step,) = session.segment_everything()
    labels = session.labels
    assert len(np.unique(labels)) - 1 == len(step.masks)
    assert all(mask.area >= 25 and 0 <= mask.iou <= 1 for mask in step.masks)
    painted = np.zeros(labels.shape, bool)
    for mask in step.masks:
        y0, x0, y1, x1 = mask.bbox
        assert not (painted[y0:y1, x0:x1] & mask.pixels).any()
        painted[y0:y1, x0:x1] |= mask.pixels
    assert (painted == (labels > 0)).all()


def test_a_classifier_left_in_tiny_vit_is_no_matter() -> None:
    config = recognise(empty("vit_t"))
    weights = empty("vit_t") | {"image_encoder.layers.1.blocks.0.attn.attention_bias_idxs": None}
    assert "image_encoder.head.weight" in weights
    ours = translate(config, weights)
    assert not [key for key in ours if "head." in key and key.startswith("image_encoder")]
    assert not [key for key in ours if "idxs" in key]


def test_positions_of_a_pretrained_grid_are_resized_without_the_class_token() -> None:
    positions = torch.cat([torch.full((1, 1, 2), 100.0), torch.ones(1, 196, 2)], dim=1)
    assert torch.allclose(resize_positions(positions, 64), torch.ones(1, 64, 64, 2), atol=1e-5)
    ramp = torch.arange(197.0).view(1, 197, 1)
    same = resize_positions(ramp, 14)
    assert torch.equal(same.flatten(), torch.arange(1.0, 197.0))


@pytest.mark.parametrize("resize", ["longest", "square"])
@pytest.mark.parametrize("shape", [(70, 50), (40, 110), (128, 128)])
def test_a_session_resizes_as_the_model_wants(resize: str, shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    trunk = VitConfig(32, 2, 2, 4, (1,), relative_positions=True)
    config = ModelConfig(
        "small", trunk, image_size=128, resize=resize, prompt_dim=32, mask_dim=8, decoder_heads=2
    )
    model = Sam(config).eval()
    rgb = np.random.default_rng(3).integers(0, 256, (*shape, 3), np.uint8)
    session = Session.open(rgb, model=model, contrast=(0, 255), axes="YXC", cache_dir=False)
    y, x = shape[0] // 3, shape[1] // 2
    mask = session.predict(points=[(y, x)], point_labels=[1])
    rows, cols = input_size(config, *shape)
    with torch.inference_mode():
        features = model.encode_image(model.preprocess(torch.from_numpy(rgb).float()))
        point = torch.tensor([[[[x * cols / shape[1], y * rows / shape[0]]]]])
        answer = model.decode(features, point, torch.ones(1, 1, 1, dtype=torch.long))
    left, right = enlarge(config, *shape)
    logits = left @ answer.low_res_logits[0, 0, 0] @ right.T
    drawn = np.zeros(shape, bool)
    y0, x0, y1, x1 = mask.bbox
    drawn[y0:y1, x0:x1] = mask.pixels
    unsure = logits.abs().numpy() < 1e-5
    assert ((drawn == (logits.numpy() > 0)) | unsure).all()
    assert 0 < drawn.sum() < drawn.size
    assert mask.iou == pytest.approx(float(answer.iou_predictions), rel=1e-5)


def test_an_answer_does_not_depend_on_who_else_is_asked(tiny_model: Sam) -> None:
    from napari_sam import PointPrompt

    model = Sam(replace(tiny_model.config, resize="none"), tiny_model.policy).eval()
    image_ = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    session = Session.open(image_, model=model, cache_dir=False)
    one = [PointPrompt((20.0, 20.0))]
    two = [PointPrompt((40.0, 30.0)), PointPrompt((10.0, 50.0), 0)]
    together = session.predict_objects({1: one, 2: two})
    alone = session.predict_objects({1: one})
    assert np.allclose(together[1].low_res_logits, alone[1].low_res_logits, atol=1e-5)
