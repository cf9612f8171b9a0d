"""Weights files: exact, portable, and refused in one line when they are not whole."""

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from napari_sam.errors import ModelError
from napari_sam.model.answer_policy import AnswerPolicy
from napari_sam.model.sam import Sam
from napari_sam.weights.families import CELLS_TINY_POLICY, cells_tiny, efficient_tam, sam1, sam2
from napari_sam.weights.header import from_header, to_header
from napari_sam.weights.load import load_model, save_weights, weights_hash
from napari_sam.weights.no_random_values import NoRandomValues
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


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("prompt_dim", -1, "-1 is out of range"),
        ("prompt_dim", None, "valid integer"),
        ("prompt_dim", 10**400, "prompt_dim"),
        ("decoder_heads", 3, "heads: the widths are no multiples"),
        ("mask_dim", 0, "0 is out of range"),
        ("decoder_depth", [1], "valid integer"),
        ("decoder_depth", 100_000, "out of range"),
        ("position_scale", "x", "valid tuple"),
        ("position_scale", [1.0, float("nan")], "out of range"),
        ("pixel_std", [0, 1, 1], "out of range"),
        ("proposal_boxes", None, "valid boolean"),
        ("padding_point", "never", "'points', 'no_box' or 'always'"),
        ("trunk", [], "valid dictionary"),
        ("trunk", {"kind": ["vit"]}, "trunk.kind: unknown image encoder"),
        ("trunk", {"kind": "vit"}, "dim: Field required"),
        ("memory", {"dim": 64, "rooms": 3}, "unknown model fields: rooms"),
        ("name", 3, "name: Input should be a valid string"),
    ],
)
def test_a_header_that_makes_no_sense_is_one_line_with_file_and_field(
    model: Sam, tmp_path: Path, field: str, value: object, words: str
) -> None:
    config = json.dumps(to_header(model.config, model.policy) | {field: value})
    path = tmp_path / "m.safetensors"
    save_file(model.state_dict(), path, metadata={"napari_sam.config": config})
    with pytest.raises(ModelError) as error:
        load_model(path)
    line = str(error.value)
    assert words in line
    assert "download" in line
    assert "\n" not in line
    assert line.startswith("m.safetensors: ")


@pytest.mark.parametrize("text", ["", "[]", "{", '"text"', "[" * 100_000])
def test_a_header_that_is_no_object_is_refused(model: Sam, tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.safetensors"
    save_file(model.state_dict(), path, metadata={"napari_sam.config": text})
    with pytest.raises(ModelError, match=r"m\.safetensors: "):
        load_model(path)


def test_the_hash_of_a_model_survives_its_file(tmp_path: Path) -> None:
    # embeddings are cached under the hash, which covers the header as text
    assert weights_hash(load_model("cells-tiny")) == "569a90c9048d101388eba398776c807b"
    for name, config in {"a": sam1("vit_b"), "b": sam2("tiny"), "c": efficient_tam("s")}.items():
        header = json.dumps(to_header(config, AnswerPolicy()))
        assert json.dumps(to_header(*from_header(json.loads(header)))) == header, name


def test_failed_save_leaves_the_old_file(model: Sam, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_weights(model, path)
    before = path.read_bytes()
    (tmp_path / ".m.safetensors.partial").mkdir()
    with pytest.raises(Exception, match=r"."):
        save_weights(model, path)
    assert path.read_bytes() == before


def test_config_round_trip_and_unknown_fields() -> None:
    config, policy = cells_tiny(), replace(CELLS_TINY_POLICY, steady_corrections=True)
    header = to_header(config, policy)
    assert set(header) == {field.name for field in (*fields(config), *fields(policy))}
    assert from_header(header) == (config, policy)
    assert from_header(json.loads(json.dumps(header))) == (config, policy)
    with pytest.raises(ModelError, match="unknown model fields: wings"):
        from_header(header | {"wings": 2})


def test_a_later_field_at_its_default_leaves_the_hashes_of_older_files_alone() -> None:
    policy = replace(CELLS_TINY_POLICY, steady_corrections=False)
    header = to_header(cells_tiny(), policy)
    assert "steady_corrections" not in header
    assert from_header(header) == (cells_tiny(), policy)


def test_built_in_model_ships_and_fits() -> None:
    model = load_model("cells-tiny")
    assert (model.config, model.policy) == (cells_tiny(), CELLS_TINY_POLICY)
    file = Path(__file__).parents[2] / "src/napari_sam/weights/cells-tiny.safetensors"
    assert file.stat().st_size <= 20e6


@pytest.mark.long
def test_a_model_of_any_family_loads_without_the_compiler_of_torch() -> None:
    code = """
import sys, torch
from napari_sam.model.sam import Sam
from napari_sam.weights import families
from napari_sam.weights.load import build
from napari_sam.weights.no_random_values import NoRandomValues

configs = [families.cells_tiny(), families.sam1("vit_t", instance_decoder="bilinear")]
configs += [families.sam2("tiny"), families.efficient_tam("ti", pooling="keys")]
for config in configs:
    with torch.device("meta"), NoRandomValues():
        state = Sam(config, families.reference_policy(config)).state_dict()
    build(config, families.reference_policy(config), state)
print(sorted({"torch._dynamo", "torch._inductor", "sympy"} & sys.modules.keys()))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_only_inside_the_context_are_no_random_values_drawn() -> None:
    with NoRandomValues():
        assert nn.init.normal_(torch.zeros(9)).eq(0).all()
        assert torch.zeros(9).uniform_(1, 2).eq(0).all()
        assert nn.Linear(3, 5).weight.shape == (5, 3)
    assert torch.zeros(9).uniform_(1, 2).ge(1).all()
