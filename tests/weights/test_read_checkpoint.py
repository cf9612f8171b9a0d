"""Checkpoints: every layout that people have, and none of the harm that a file can do."""

import argparse
import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from napari_sam.errors import ModelError
from napari_sam.weights.read_checkpoint import explain_mismatch, read_checkpoint, read_decoder
from napari_sam.weights.tensor_file import read_tensor_file

STATE = OrderedDict(
    {
        "image_encoder.patch_embed.proj.weight": torch.arange(12.0).reshape(3, 4),
        "mask_decoder.iou_token.weight": torch.ones(1, 4),
    }
)
DECODER = OrderedDict(
    {"out_conv.weight": torch.ones(3, 64, 1, 1), "deconv1.block.1.block.weight": torch.zeros(2)}
)


def saved(folder: Path, value: object, **options: bool) -> Path:
    path = folder / "w.pt"
    torch.save(value, path, **options)
    return path


def prefixed(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {prefix + key: value for key, value in state.items()}


def assert_is_state(state: dict[str, torch.Tensor]) -> None:
    assert list(state) == list(STATE)
    assert all(torch.equal(state[key], STATE[key]) for key in STATE)


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)
    return str(error.value)


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    ("value", "layout"),
    [
        (STATE, "plain"),
        ({"model": STATE}, "model"),
        ({"state_dict": prefixed("module.", STATE), "epoch": 3}, "state_dict"),
        ({"model_state": prefixed("sam.", STATE), "iteration": 100}, "model_state"),
        ({"model": prefixed("_orig_mod.", STATE), "loss": torch.ones(1)}, "model"),
        ({"model": {"state_dict": prefixed("module.sam.", STATE)}}, "state_dict"),
    ],
)
def test_every_layout_in_both_formats(
    tmp_path: Path, value: object, layout: str, new: bool
) -> None:
    path = saved(tmp_path, value, _use_new_zipfile_serialization=new)
    assert read_tensor_file(path)[1] == ("zip" if new else "legacy")
    checkpoint = read_checkpoint(path)
    assert checkpoint.layout == layout
    assert checkpoint.decoder_state is None
    assert_is_state(checkpoint.state)


def test_safetensors(tmp_path: Path) -> None:
    save_file(dict(STATE), tmp_path / "w.bin")  # told by its content, not by its name
    checkpoint = read_checkpoint(tmp_path / "w.bin")
    assert sorted(checkpoint.state) == sorted(STATE)
    assert torch.equal(next(iter(STATE.values())), checkpoint.state[next(iter(STATE))])


def test_micro_sam_export_has_its_decoder(tmp_path: Path) -> None:
    path = saved(tmp_path, {"model_state": prefixed("sam.", STATE), "decoder_state": DECODER})
    checkpoint = read_checkpoint(path)
    assert_is_state(checkpoint.state)
    assert checkpoint.decoder_state is not None
    assert list(checkpoint.decoder_state) == list(DECODER)


def test_decoder_of_its_own(tmp_path: Path) -> None:
    encoder = {"encoder.blocks.0.weight": torch.ones(2)}
    assert list(read_decoder(saved(tmp_path, {**DECODER, **encoder}))) == list(DECODER)


def test_what_training_scripts_keep_beside_the_weights(tmp_path: Path) -> None:
    value = {
        "model": STATE,
        "best": np.float64(0.5),
        "steps": np.int64(3),
        "args": argparse.Namespace(rate=1e-4, name="mine"),
    }
    assert_is_state(read_checkpoint(saved(tmp_path, value)).state)


def test_parameters_and_half_precision_stay_what_they_are(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.ones(2, dtype=torch.bfloat16))
    state = read_checkpoint(saved(tmp_path, {"a.weight": weight})).state
    assert state["a.weight"].dtype == torch.bfloat16


@pytest.mark.long
def test_current_format_is_not_read_into_memory(tmp_path: Path) -> None:
    path = saved(tmp_path, {"a": torch.zeros(60_000_000, dtype=torch.uint8)})
    bounded = """
import resource, sys
from napari_sam.weights.read_checkpoint import read_checkpoint
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
state = read_checkpoint(sys.argv[1]).state
unit = 1 if sys.platform == "darwin" else 1024
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
sys.exit(grown > 40e6 or state["a"].numel() != 60_000_000)
"""
    if sys.platform == "win32":
        pytest.skip("Windows does not count memory this way")
    assert subprocess.run([sys.executable, "-c", bounded, path], check=False).returncode == 0


# ---------------------------------------------------------------- what would do harm


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("where", ["beside", "inside", "alone"])
def test_code_in_a_pickle_is_not_run(tmp_path: Path, where: str, new: bool) -> None:
    evil = Evil(tmp_path / "owned")
    value = {"beside": {"model": STATE, "x": evil}, "inside": {**STATE, "x": evil}, "alone": evil}
    path = saved(tmp_path, value[where], _use_new_zipfile_serialization=new)
    line = refusal(path)
    assert not evil.folder.exists()
    assert "would run code" in line
    assert "mkdir" in line
    torch.load(path, weights_only=False)  # it would have
    assert evil.folder.exists()


def test_plain_pickle_is_not_run(tmp_path: Path) -> None:
    evil = Evil(tmp_path / "owned")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (tmp_path / "w.pkl").write_bytes(pickle.dumps(evil, protocol))
        assert "holds no weights" in refusal(tmp_path / "w.pkl")
    assert not evil.folder.exists()


def test_whole_module_is_refused_with_the_reason(tmp_path: Path) -> None:
    line = refusal(saved(tmp_path, torch.nn.Linear(2, 2)))
    assert "torch.nn.modules.linear.Linear" in line
    assert "state_dict" in line


def packed(path: Path, to: Path, compression: int) -> Path:
    """The same archive, compressed."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w", compression) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    return to


def test_compressed_archive_is_refused(tmp_path: Path) -> None:
    path = packed(saved(tmp_path, STATE), tmp_path / "packed.pt", zipfile.ZIP_DEFLATED)
    assert "unpacks to more" in refusal(path)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds memory reliably")
def test_zip_bomb_does_not_fill_the_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.pt"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("archive/data.pkl", "w", force_zip64=True) as entry:
            for _ in range(32):
                entry.write(bytes(1 << 24))
        archive.writestr("archive/version", "3")
    assert bomb.stat().st_size < 1 << 23
    bounded = """
import resource, sys
from napari_sam.errors import ModelError
from napari_sam.weights.read_checkpoint import read_checkpoint
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 27),) * 2)
try:
    read_checkpoint(sys.argv[1])
except ModelError as error:
    sys.exit("unpacks to more" not in str(error))
sys.exit(2)
"""
    assert subprocess.run([sys.executable, "-c", bounded, bomb], check=False).returncode == 0


def test_archive_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lies.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "data/0"):
            archive.writestr(f"archive/{name}", b"x" * 100)
    content = path.read_bytes()
    old, new = (100).to_bytes(4, "little"), (1 << 30).to_bytes(4, "little")
    path.write_bytes(content.replace(old + old, new + new))
    assert "unpacks to more" in refusal(path)


class Large:
    def __reduce__(self) -> tuple[object, ...]:
        return bytearray, (1 << 40,)


@pytest.mark.parametrize("new", [True, False])
def test_pickle_that_makes_large_things_of_numbers_is_refused(tmp_path: Path, new: bool) -> None:
    path = saved(tmp_path, {"a": Large()}, _use_new_zipfile_serialization=new)
    assert "unpacks to more" in refusal(path)


def test_tensor_larger_than_the_file_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, {"a.weight": torch.zeros(1).expand(1 << 20, 1 << 20)})
    assert "more tensors than it has bytes" in refusal(path)
    path = saved(tmp_path, {f"a{i}": view for i, view in enumerate(torch.ones(9, 999))})
    read_checkpoint(path)  # views that lie beside each other are fine
    one = torch.ones(20_000)
    path = saved(tmp_path, {f"a{i}": one for i in range(50)})
    assert "more tensors than it has bytes" in refusal(path)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.eye(3).to_sparse(),
        torch.ones(3, device="meta"),
    ],
    ids=["sparse", "meta"],
)
def test_tensors_of_odd_kinds_are_refused(tmp_path: Path, tensor: torch.Tensor) -> None:
    assert "of a kind" in refusal(saved(tmp_path, {"a.weight": tensor}))


# ---------------------------------------------------------------- what is broken, or something else


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("keep", [3, 20, 600, -1, -700])
def test_truncated_file(tmp_path: Path, keep: int, new: bool) -> None:
    path = saved(tmp_path, {"a.weight": torch.ones(999)}, _use_new_zipfile_serialization=new)
    path.write_bytes(path.read_bytes()[:keep])
    line = refusal(path)
    assert "damaged" in line or "holds no weights" in line


@pytest.mark.parametrize("keep", [9, 40, -1])
def test_truncated_safetensors(tmp_path: Path, keep: int) -> None:
    save_file(dict(STATE), tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(content[:keep])
    assert "damaged" in refusal(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"\n <!DOCTYPE html><html><title>Sign in</title>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"II*\0" + bytes(400), "neither a PyTorch nor a safetensors"),
        (b"PK\x03\x04" + bytes(400), "damaged"),
        (bytes(8) + b"{" + bytes(50), "damaged"),
    ],
    ids=["empty", "html", "lfs", "tiff", "zip", "safetensors"],
)
def test_something_else(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    assert words in refusal(tmp_path / "w.pth")


def test_archive_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")
    assert "damaged" in refusal(tmp_path / "w.pth")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none.pt")
    assert "cannot be read" in refusal(tmp_path)


@pytest.mark.parametrize("value", [3, [torch.ones(2)], {}, {"epoch": 3}, torch.ones(2), {3: "x"}])
def test_no_model_in_it(tmp_path: Path, value: object) -> None:
    assert "no tensors by name" in refusal(saved(tmp_path, value))


def test_nesting_has_an_end(tmp_path: Path) -> None:
    loop: dict[str, object] = {}
    loop["model"] = loop
    assert "no tensors by name" in refusal(saved(tmp_path, loop))


def test_same_name_twice(tmp_path: Path) -> None:
    line = refusal(saved(tmp_path, {"sam.a": torch.ones(1), "a": torch.ones(1)}))
    assert "two models" in line


def test_decoder_is_no_model_and_a_model_no_decoder(tmp_path: Path) -> None:
    assert "--decoder" in refusal(saved(tmp_path, DECODER))
    with pytest.raises(ModelError, match=r"no decoder.*image_encoder.patch_embed"):
        read_decoder(saved(tmp_path, STATE))
    with pytest.raises(ModelError, match="no decoder"):
        read_decoder(saved(tmp_path, {"model_state": STATE, "decoder_state": DECODER}))


def test_mismatch_is_one_readable_line() -> None:
    line = explain_mismatch("vit_b", ["c", "a"], [f"x{i}" for i in range(9)], {"b": ((), (3, 4))})
    assert line == (
        "the weights do not fit vit_b: 2 tensors are missing (a, c), 9 tensors are not known "
        "(x0, x1, x2 and 6 more), 1 tensor is of another shape (b is a single number instead of "
        "3x4); check that the file is of this model, and whole"
    )


def test_torch_writes_the_formats_that_are_told_apart() -> None:
    for new, start in ((True, b"PK\x03\x04"), (False, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j")):
        file = io.BytesIO()
        torch.save(STATE, file, _use_new_zipfile_serialization=new)
        assert file.getvalue().startswith(start)
