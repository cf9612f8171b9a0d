"""The command line: learning from labels, and using what was learned."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from napari_sam.learning import learn as learning
from napari_sam.learning.delta import load_delta
from napari_sam.learning.teach import Course
from tests.cli.process import Run, assert_one_line
from tests.learning.rings import rings
from tests.learning.scripted_judge import scripted_judge


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """An image of rings, and labels of five of them."""
    image, truth = rings()
    paths = tmp_path / "rings.tif", tmp_path / "accepted.tif"
    tifffile.imwrite(paths[0], image)
    tifffile.imwrite(paths[1], np.where(truth <= 5, truth, 0).astype(np.uint16))
    return paths


@pytest.mark.long
def test_what_was_learned_finds_more_of_the_kind(
    cli: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    image, labels = files
    output = tmp_path / "rings.safetensors"
    status, out, _ = cli("learn", image, labels, "-o", output, "--quick", "--json")
    summary = json.loads(out)
    assert (status, summary["objects"], summary["file"]) == (0, 5, str(output))
    assert summary["after"] > summary["before"]
    assert summary["bytes"] == output.stat().st_size < 1_000_000
    command = ("segment", image, "--quick", "--json", "-o")
    before = json.loads(cli(*command, tmp_path / "before.tif")[1])
    after = json.loads(cli(*command, tmp_path / "after.tif", "--learned", output)[1])
    assert before["objects"] != after["objects"] or not np.array_equal(
        tifffile.imread(tmp_path / "before.tif"), tifffile.imread(tmp_path / "after.tif")
    )


@pytest.mark.parametrize("whole", [False, True])
def test_a_delta_or_a_whole_model_is_written(
    cli: Run,
    files: tuple[Path, Path],
    weights: Path,
    tmp_path: Path,
    whole: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learning, "QUICK", Course(3, 1e-2, quick=True))
    monkeypatch.setattr(learning, "judge", scripted_judge(0.5, 0.75, 0.7, 0.6))
    output = tmp_path / "learned.safetensors"
    options = ["--whole"] if whole else []
    command = ("learn", *files, "-o", output, "--quick", "--model", weights, "--json", *options)
    status, out, _ = cli(*command)
    summary = json.loads(out)
    assert (status, summary["before"], summary["after"]) == (0, 0.5, 0.75)
    use = ("--model", output) if whole else ("--model", weights, "--learned", output)
    status, _, error = cli("embed", files[0], *use, "--json")
    assert (status, error) == (0, "")
    if not whole:
        assert load_delta(output).origin.objects == 5


def test_nothing_is_written_where_nothing_got_better(
    cli: Run,
    files: tuple[Path, Path],
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learning, "QUICK", Course(1, 0.0, quick=True))
    output = tmp_path / "learned.safetensors"
    status, out, error = cli("learn", *files, "-o", output, "--quick", "--model", weights)
    assert status == 0
    assert "nothing got better" in error
    assert "file" not in out
    assert not output.exists()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("learned.txt", ("is a .safetensors file",)),
        ("accepted.tif", ("is a .safetensors file",)),
        ("there.safetensors", ("exists", "--overwrite")),
    ],
)
def test_outputs_are_looked_at_before_the_work(
    cli: Run, files: tuple[Path, Path], tmp_path: Path, output: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "there.safetensors").write_bytes(b"mine")
    status, _, error = cli("learn", *files, "-o", tmp_path / output)
    assert status == 1
    assert_one_line(error, *words)
    assert (tmp_path / "there.safetensors").read_bytes() == b"mine"


def test_labels_of_another_image_are_one_line(
    cli: Run, files: tuple[Path, Path], tmp_path: Path, weights: Path
) -> None:
    tifffile.imwrite(tmp_path / "other.tif", np.ones((20, 20), np.uint8))
    output = tmp_path / "learned.safetensors"
    command = ("learn", files[0], tmp_path / "other.tif", "-o", output, "--model", weights)
    status, _, error = cli(*command)
    assert status == 1
    assert_one_line(error, "other.tif")


KILLED = """
import os, signal
from napari_sam.cli import main
from napari_sam.learning import learn as learning

def teach(*arguments):
    steps = whole(*arguments)
    for _ in range(2):
        yield next(steps)
    os.kill(os.getpid(), signal.SIGKILL)

whole, learning.teach = learning.teach, teach
main()
"""
"""The command, killed after two steps of a lesson."""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_lesson_leaves_the_folder_as_it_was(
    files: tuple[Path, Path], weights: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (results / "learned.safetensors").write_bytes(b"mine")
    command = ("learn", *files, "-o", results / "learned.safetensors", "--overwrite", "--quick")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, command), "--model", str(weights)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert [path.name for path in results.iterdir()] == ["learned.safetensors"]
    assert (results / "learned.safetensors").read_bytes() == b"mine"


def test_a_loss_that_is_not_finite_is_one_line_and_nothing_is_written(
    cli: Run, files: tuple[Path, Path], weights: Path, tmp_path: Path
) -> None:
    tensors = load_file(weights)
    with safe_open(weights, framework="numpy") as file:
        metadata = file.metadata()
    tensors["mask_decoder.iou_token.weight"][:] = np.inf
    save_file(tensors, tmp_path / "broken.safetensors", metadata)
    output = tmp_path / "learned.safetensors"
    model = tmp_path / "broken.safetensors"
    status, out, error = cli("learn", *files, "-o", output, "--quick", "--model", model)
    assert (status, out) == (1, "")
    assert_one_line(error, "no finite loss")
    assert not output.exists()


def test_too_few_objects_are_one_line(
    cli: Run, files: tuple[Path, Path], tmp_path: Path, weights: Path
) -> None:
    labels = tifffile.imread(files[1])
    tifffile.imwrite(files[1], np.where(labels <= 2, labels, 0))
    output = tmp_path / "learned.safetensors"
    status, _, error = cli("learn", *files, "-o", output, "--model", weights)
    assert status == 1
    assert_one_line(error, "2 accepted objects are too few")


def test_something_learned_by_other_weights_is_refused(
    cli: Run, files: tuple[Path, Path], tmp_path: Path, weights: Path
) -> None:
    from tests.learning.test_delta import delta_of
    from tests.tiny import tiny_sam

    delta_of(tiny_sam()).save(tmp_path / "other.safetensors")
    output, learned = tmp_path / "cells.tif", tmp_path / "other.safetensors"
    command = ("segment", files[0], "-o", output, "--model", weights, "--learned", learned)
    status, _, error = cli(*command)
    assert status == 1
    assert_one_line(error, "learned by other weights")
    assert not output.exists()


def test_a_cluster_takes_whole_models(
    cli: Run, files: tuple[Path, Path], tmp_path: Path, weights: Path
) -> None:
    command = ("embed", files[0], "--model", weights, "--learned", files[1])
    status, _, error = cli(*command, "--scheduler", "local:1")
    assert status == 1
    assert_one_line(error, "napari-sam learn --whole")
