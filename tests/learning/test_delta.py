"""What was learned is a file that goes on and off a model, and fits no other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from napari_sam.errors import LearningError
from napari_sam.learning.delta import Delta, Origin, load_delta
from napari_sam.model.sam import Sam
from napari_sam.weights.load import weights_hash
from tests.tiny import tiny_sam


def delta_of(model: Sam, quick: bool = True) -> Delta:
    name = next(n for n, p in model.state_dict().items() if p.ndim == 1 and "decoder" in n)
    difference = np.full(model.state_dict()[name].shape, 0.25, np.float16)
    origin = Origin(weights_hash(model), "tiny", quick, 5, 0.6, 0.5, 0.75)
    return Delta(origin, {name: difference})


def test_a_file_holds_all_of_it(tmp_path: Path) -> None:
    delta = delta_of(tiny_sam())
    delta.save(tmp_path / "a.safetensors")
    read = load_delta(tmp_path / "a.safetensors")
    assert read.origin == delta.origin
    assert list(read.tensors) == list(delta.tensors)
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_file_holds_arrays_in_any_order_of_memory(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float16).reshape(2, 3)
    delta = replace(delta_of(tiny_sam()), tensors={"a": values.T})
    delta.save(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(load_delta(tmp_path / "a.safetensors").tensors["a"], values.T)


def test_the_model_itself_stays_as_it_is() -> None:
    model = tiny_sam()
    before = weights_hash(model)
    delta = delta_of(model)
    (name,) = delta.tensors
    learned = delta.applied_to(model)
    assert weights_hash(model) == before
    assert torch.equal(learned.state_dict()[name], model.state_dict()[name] + 0.25)


def test_other_weights_are_refused() -> None:
    with pytest.raises(LearningError, match="learned by other weights"):
        delta_of(tiny_sam()).applied_to(tiny_sam())


def test_a_quick_one_never_changes_the_encoder() -> None:
    model = tiny_sam()
    name = "image_encoder.pos_embed"
    tensors = {name: np.ones(model.state_dict()[name].shape, np.float16)}
    with pytest.raises(LearningError, match="changes the image encoder"):
        replace(delta_of(model), tensors=tensors).applied_to(model)


def write_garbage(path: Path) -> None:
    path.write_bytes(b"no safetensors")


def write_weights(path: Path) -> None:
    save_file({"a": np.ones(3, np.float32)}, path)


def write_half_a_header(path: Path) -> None:
    save_file({"a": np.ones(3, np.float16)}, path, {"format": "napari-sam delta 1"})


def write_infinity(path: Path) -> None:
    delta = delta_of(tiny_sam())
    replace(delta, tensors={"a": np.array([np.inf], np.float16)}).save(path)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (write_garbage, "cannot be read"),
        (write_weights, "is not a file of learned weights"),
        (write_half_a_header, "base: Field required"),
        (write_infinity, "is damaged"),
    ],
)
def test_other_files_are_one_line(tmp_path: Path, write: object, message: str) -> None:
    path = tmp_path / "a.safetensors"
    write(path)  # type: ignore[operator]
    with pytest.raises(LearningError, match=message) as raised:
        load_delta(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="check the path"):
        load_delta(tmp_path / "none.safetensors")


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="cannot be written"):
        delta_of(tiny_sam()).save(tmp_path / "none" / "a.safetensors")


def test_a_path_through_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LearningError, match=r"a\.safetensors cannot be written \("):
        delta_of(tiny_sam()).save(tmp_path / "file" / "a.safetensors")
    assert (tmp_path / "file").read_text() == "no folder"
