"""Weights files: exact, portable, and refused in one line when they are not whole."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from napari_sam.errors import ModelError
from napari_sam.model.sam import Sam
from napari_sam.weights.families import CELLS_TINY_POLICY, cells_tiny
from napari_sam.weights.header import from_header, to_header
from napari_sam.weights.load import load_model, save_weights, weights_hash
from tests.tiny import tiny_sam


@pytest.fixture
def model() -> Sam:
    torch.manual_seed(0)
    return tiny_sam().eval()


def test_round_trip_in_float32_is_exact(model: Sam, tmp_path: Path) -> None:
    save_weights(model, tmp_path / "m.safetensors", torch.float32)
    again = load_model(tmp_path / "m.safetensors")
    assert again.config == model.config
    assert weights_hash(again) == weights_hash(model)
    assert not again.training


def test_fp16_rounds_parameters_and_keeps_the_frequencies(model: Sam, tmp_path: Path) -> None:
    save_weights(model, tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors").state_dict()
    for name, value in model.state_dict().items():
        if name == "prompt_encoder.position.gaussian":
            assert torch.equal(again[name], value)
        else:
            assert torch.equal(again[name], value.half().float())


def test_hash_sees_one_weight_and_the_configuration(model: Sam) -> None:
    before = weights_hash(model)
    with torch.no_grad():
        model.prompt_encoder.no_mask_embed[3] += 1e-3
    assert weights_hash(model) != before
    renamed = Sam(replace(model.config, name="other"), model.policy)
    renamed.load_state_dict(model.state_dict())
    assert weights_hash(renamed) != weights_hash(model)


def test_unknown_name_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'?cell-tiny'?.*cells-tiny"):
        load_model("cell-tiny")


@pytest.mark.parametrize("keep", [0, 7, 200, -100])
def test_truncated_file_is_refused(model: Sam, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "m.safetensors"
    save_weights(model, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match=r"damaged|holds no weights|empty") as error:
        load_model(path)
    assert "\n" not in str(error.value)


def test_weights_of_another_program_are_refused(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(3)}, tmp_path / "m.safetensors")
    with pytest.raises(ModelError, match="of no model that napari-sam knows"):
        load_model(tmp_path / "m.safetensors")


def test_missing_tensor_is_refused(model: Sam, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    del model.mask_decoder.iou_token
    save_weights(model, path)
    with pytest.raises(ModelError, match=r"1 tensor is missing \(mask_decoder.iou_token"):
        load_model(path)


def test_weights_of_another_version_are_refused(model: Sam, tmp_path: Path) -> None:
    config = json.dumps(to_header(model.config, model.policy) | {"wings": 2})
    path = tmp_path / "m.safetensors"
    save_file(model.state_dict(), path, metadata={"napari_sam.config": config})
    with pytest.raises(ModelError, match="another version of napari-sam"):
        load_model(path)


def test_failed_save_leaves_the_old_file(model: Sam, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_weights(model, path)
    before = path.read_bytes()
    (tmp_path / ".m.safetensors.partial").mkdir()
    with pytest.raises(Exception, match=r"."):
        save_weights(model, path)
    assert path.read_bytes() == before


def test_config_round_trip_and_unknown_fields() -> None:
    config, policy = cells_tiny(), CELLS_TINY_POLICY
    header = to_header(config, policy)
    assert set(header) == {field.name for field in (*fields(config), *fields(policy))}
    assert from_header(header) == (config, policy)
    assert from_header(json.loads(json.dumps(header))) == (config, policy)
    with pytest.raises(ModelError, match="unknown model fields: wings"):
        from_header(header | {"wings": 2})


def test_built_in_model_ships_and_fits() -> None:
    model = load_model("cells-tiny")
    assert (model.config, model.policy) == (cells_tiny(), CELLS_TINY_POLICY)
    file = Path(__file__).parents[2] / "src/napari_sam/weights/cells-tiny.safetensors"
    assert file.stat().st_size <= 20e6
