"""Choice of the precision: what was asked for, or what a probe of this machine found, once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from napari_sam import load_model
from napari_sam.errors import ModelError
from napari_sam.model.precision import Precision
from napari_sam.weights.precision import REMEMBERED, choose_precisions, fastest_precision


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """File of a machine on which nothing was probed yet, without a choice in the environment."""
    monkeypatch.setenv("NAPARI_SAM_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("NAPARI_SAM_PRECISION")
    fastest_precision.cache_clear()
    yield tmp_path / "models" / REMEMBERED
    fastest_precision.cache_clear()


def test_a_probe_is_remembered_for_the_machine(memory: Path) -> None:
    probed = fastest_precision("cpu")
    (machine,) = json.loads(memory.read_text())["machines"]
    other = next(each for each in Precision if each is not probed)
    memory.write_text(json.dumps({"machines": {machine: other, "elsewhere": probed}}))
    fastest_precision.cache_clear()
    assert fastest_precision("cpu") is other


def test_machines_share_the_file(memory: Path) -> None:
    memory.parent.mkdir()
    memory.write_text(json.dumps({"machines": {"elsewhere": "bf16"}}))
    probed = fastest_precision("cpu")
    machines = json.loads(memory.read_text())["machines"]
    assert machines.pop("elsewhere") == "bf16"
    assert list(machines.values()) == [probed]


@pytest.mark.parametrize("text", ["", "{", '{"machines": 3}', '{"machines": {"a": "int8"}}', "[]"])
def test_a_damaged_file_is_written_anew(memory: Path, text: str) -> None:
    memory.parent.mkdir()
    memory.write_text(text)
    probed = fastest_precision("cpu")
    assert list(json.loads(memory.read_text())["machines"].values()) == [probed]


def test_a_folder_that_cannot_be_written_does_not_stop_anybody(memory: Path) -> None:
    memory.parent.write_text("a file")
    assert fastest_precision("cpu") in Precision


def test_auto_prefers_the_faster_precision_and_goes_on_with_float32(memory: Path) -> None:
    (machine,) = (fastest_precision("cpu"), *json.loads(memory.read_text())["machines"])[1:]
    chosen = {}
    for fastest in Precision:
        memory.write_text(json.dumps({"machines": {machine: fastest}}))
        fastest_precision.cache_clear()
        chosen[fastest.value] = choose_precisions("auto", "cpu")
        assert choose_precisions(None, "cpu") == chosen[fastest.value]
    assert chosen == {"fp32": (Precision.FP32,), "bf16": (Precision.BF16, Precision.FP32)}
    assert choose_precisions("fp32", "cpu") == (Precision.FP32,)


@pytest.mark.usefixtures("memory")
def test_the_environment_is_asked_where_the_user_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAPARI_SAM_PRECISION", "bf16")
    assert choose_precisions(None, "cpu") == (Precision.BF16,)
    assert choose_precisions("fp32", "cpu") == (Precision.FP32,)
    monkeypatch.setenv("NAPARI_SAM_PRECISION", "half")
    with pytest.raises(ModelError, match=r"'half' is not a precision: choose fp32, bf16 or auto"):
        choose_precisions(None, "cpu")


def test_a_model_is_loaded_in_a_precision() -> None:
    assert load_model("cells-tiny").precisions == (Precision.FP32,)
    assert load_model("cells-tiny", precision="bf16").precisions == (Precision.BF16,)
