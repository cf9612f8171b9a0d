"""The command line: what it writes, how it ends, and the one line when something is wrong."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
import zarr
from typer.testing import CliRunner

from napari_sam import PointPrompt, Session
from napari_sam.cli import app
from napari_sam.cli.app import run
from napari_sam.journal.entry import ACCEPTED, UNDONE, Entry, Origin
from napari_sam.journal.journal import Journal, Subject
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.model.config import ModelConfig
from napari_sam.model.sam import Sam
from napari_sam.weights.load import save_weights

ENTRY = [sys.executable, "-c", "from napari_sam.cli import main; main()"]
"""What the console script runs."""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a small model whose answers mean nothing."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    model = Sam(ModelConfig.tiny_random())
    # a proposal head that learned nothing finds thousands of objects; a few are enough here
    head = model.get_submodule("image_encoder.pyramid.proposals")
    with torch.no_grad():
        head.bias[:2] += torch.tensor([-0.72, 2.0])
        head.bias[2:] += math.log1p(10)  # pixels to each side of the box
    save_weights(model, path)
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAPARI_SAM_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Two bright discs on a dark ground."""
    y, x = np.mgrid[:96, :128]
    discs = ((y - 30) ** 2 + (x - 40) ** 2 < 200) | ((y - 60) ** 2 + (x - 90) ** 2 < 300)
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, (40 + 150 * discs).astype(np.uint8))
    return path


@pytest.fixture
def clicks(tmp_path: Path) -> Path:
    path = tmp_path / "clicks.csv"
    path.write_text("index,axis-0,axis-1\n0,30,40\n1,60,90\n")
    return path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process: status, output, error."""

    def cli(*arguments: object) -> tuple[int, str, str]:
        status = run([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return cli


def process(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [*ENTRY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def boxes(path: Path, *corners: float) -> Path:
    y0, x0, y1, x1 = corners
    path.write_text(
        "index,shape-type,vertex-index,axis-0,axis-1\n"
        f"0,rectangle,0,{y0},{x0}\n0,rectangle,1,{y0},{x1}\n"
        f"0,rectangle,2,{y1},{x1}\n0,rectangle,3,{y1},{x0}\n"
    )
    return path


def assert_one_line(error: str, *words: str) -> None:
    assert error.startswith("napari-sam: ")
    assert error.endswith("\n")
    assert error.count("\n") == 1
    for word in words:
        assert word in error


# ---------------------------------------------------------------- what it does


@pytest.mark.parametrize("name", ["labels.ome.tif", "labels.tif", "labels.ome.zarr"])
def test_clicks_become_labels(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path, name: str
) -> None:
    output = tmp_path / name
    status, out, _ = cli(
        "segment", image, "-o", output, "--points", clicks, "--model", weights, "--json"
    )
    assert status == 0
    summary, labels = json.loads(out), read_labels(output)
    assert labels.shape == (96, 128)
    present = set(np.unique(labels).tolist()) - {0}
    assert summary["objects"] == len(present)
    assert present | set(summary["missed"]) == {1, 2}
    assert summary["model"] == "tiny-random"
    assert summary["files"] == [str(output)]


def test_labels_have_the_numbers_of_the_objects(
    cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    shapes = tmp_path / "boxes.csv"
    shapes.write_text(
        "index,shape-type,vertex-index,axis-0,axis-1,object\n"
        "0,rectangle,0,10,20,70000\n0,rectangle,1,50,60,70000\n"
    )
    output = tmp_path / "labels.tif"
    status, out, error = cli(
        "segment", image, "-o", output, "--boxes", shapes, "--model", weights, "--no-cache"
    )
    assert status == 0
    found = set(np.unique(read_labels(output)).tolist()) - {0}
    if found:  # ImageJ has no label that large, which the user should know
        assert found == {70000}
        assert "written as OME-TIFF" in error
    else:
        assert "nothing found for object 70000" in error
    assert str(output) in out


def test_without_prompts_everything_is_segmented(
    cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.ome.tif"
    status, out, _ = cli("segment", image, "-o", output, "--model", weights, "--json")
    assert status == 0
    present = set(np.unique(read_labels(output)).tolist()) - {0}
    assert json.loads(out)["objects"] == len(present)


@pytest.fixture
def tubes(tmp_path: Path) -> Path:
    """Two bright textured discs that go through a stack; the second one ends after slice 5."""
    noise = np.random.default_rng(0).integers(0, 60, (8, 96, 128))
    z, y, x = np.mgrid[:8, :96, :128]
    first = (y - 30) ** 2 + (x - 40 - z) ** 2 < 150
    second = ((y - 60) ** 2 + (x - 90) ** 2 < 200) & (z < 6)
    path = tmp_path / "stack.tif"
    stack = (noise + 150 * (first | second)).astype(np.uint8)
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"})
    return path


def test_propagate_follows_the_clicked_objects(cli: Run, tubes: Path, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("index,axis-0,axis-1,axis-2\n0,3,30,43\n1,3,60,90\n")
    output = tmp_path / "labels.tif"
    clicks = ("--points", tmp_path / "clicks.csv")
    status, _, error = cli("segment", tubes, "-o", output, *clicks, "--propagate")
    assert status == 0, error
    labels = tifffile.imread(output)
    assert np.unique(np.nonzero(labels == 1)[0]).tolist() == list(range(8))
    assert np.unique(np.nonzero(labels == 2)[0]).tolist() == list(range(6))
    truth = tifffile.imread(tubes) > 100
    assert (truth & (labels > 0)).sum() / (truth | (labels > 0)).sum() > 0.7


def test_propagate_along_time_stays_at_its_depth(
    cli: Run, weights: Path, tubes: Path, tmp_path: Path
) -> None:
    movie = np.stack([tifffile.imread(tubes)[:3]] * 4)
    tifffile.imwrite(tmp_path / "movie.tif", movie, imagej=True, metadata={"axes": "TZYX"})
    (tmp_path / "clicks.csv").write_text("index,axis-0,axis-1,axis-2,axis-3\n0,1,2,30,42\n")
    arguments = ("--points", tmp_path / "clicks.csv", "--propagate", "--along", "t")
    output = tmp_path / "labels.tif"
    status, _, error = cli("segment", tmp_path / "movie.tif", "-o", output, *arguments)
    assert status == 0, error
    times, depths = np.nonzero(tifffile.imread(output))[:2]
    assert set(times) == {0, 1, 2, 3}
    assert set(depths) == {2}


def test_divisions_become_a_lineage(cli: Run, weights: Path, tmp_path: Path) -> None:
    y, x = np.mgrid[:64, :96]
    one = (y - 32) ** 2 + (x - 48) ** 2 < 150
    two = ((y - 32) ** 2 + (x - 34) ** 2 < 80) | ((y - 32) ** 2 + (x - 62) ** 2 < 80)
    noise = np.random.default_rng(0).integers(0, 50, (4, 64, 96))
    movie = (noise + 160 * np.stack([one, one, two, two])).astype(np.uint8)
    tifffile.imwrite(tmp_path / "movie.tif", movie, imagej=True, metadata={"axes": "TYX"})
    (tmp_path / "clicks.csv").write_text(
        "axis-0,axis-1,axis-2,object,parent\n0,32,48,1,\n2,32,34,2,1\n2,32,62,3,1\n"
    )
    tracks = tmp_path / "tracks.csv"
    status, out, error = cli(
        "segment", tmp_path / "movie.tif", "-o", tmp_path / "labels.tif", "--propagate",
        "--points", tmp_path / "clicks.csv", "--tracks", tracks, "--json",
    )  # fmt: skip
    assert status == 0, error
    assert json.loads(out)["files"] == [str(tmp_path / "labels.tif"), str(tracks)]
    rows = [line.split(",")[:3] for line in tracks.read_text().splitlines()]
    assert rows == [
        ["label", "parent", "t"],
        *[["1", "", "0"], ["1", "", "1"]],
        *[["2", "1", "2"], ["2", "1", "3"]],
        *[["3", "1", "2"], ["3", "1", "3"]],
    ]
    labels = tifffile.imread(tmp_path / "labels.tif")
    assert [set(np.unique(frame)) - {0} for frame in labels] == [{1}, {1}, {2, 3}, {2, 3}]


def test_a_journal_is_replayed_as_it_was_or_with_another_model(
    cli: Run, weights: Path, tubes: Path, tmp_path: Path
) -> None:
    session = Session.open(tubes, model="cells-tiny", cache_dir=False)
    prompts = (PointPrompt((3, 30, 43)),)
    seed = session.predict_objects({1: prompts})[1]
    list(session.propagate({1: seed}, within=(2, 5)))
    undone = session.undo()
    edits = [change.inverse() for change in undone]
    subject = Subject("stack.tif", str(tubes), "ZYX", (8, 96, 128), "")
    journal = Journal(tmp_path / "j.jsonl", subject)
    packed = tuple(PackedEdit.of(change) for change in edits)
    journal.append(Entry(ACCEPTED, packed, Origin(prompts, "cells-tiny"), label=1))
    outputs = [tmp_path / f"{name}.tif" for name in ("painted", "asked", "other")]
    status, out, error = cli("replay", journal.path, "-o", outputs[0], "--json")
    assert (status, json.loads(out)["objects"]) == (0, 1), error
    expected = np.zeros((8, 96, 128), np.uint32)
    for change in edits:
        change.apply(expected)
    np.testing.assert_array_equal(tifffile.imread(outputs[0]), expected)
    assert np.unique(np.nonzero(expected)[0]).tolist() == [2, 3, 4, 5]
    status, _, error = cli("replay", journal.path, "-o", outputs[1], "--model", "cells-tiny")
    assert status == 0, error
    np.testing.assert_array_equal(tifffile.imread(outputs[1]), expected)
    assert cli("replay", journal.path, "-o", outputs[2], "--model", weights)[0] == 0
    assert set(np.unique(tifffile.imread(outputs[2]))) <= {0, 1}
    tubes.rename(tmp_path / "moved.tif")
    status, _, error = cli("replay", journal.path, "-o", tmp_path / "x.tif")
    assert status == 1
    assert_one_line(error, "stack.tif", "--image")
    arguments = ("--image", tmp_path / "moved.tif", "--overwrite")
    assert cli("replay", journal.path, "-o", outputs[0], *arguments)[0] == 0
    journal.append(Entry(UNDONE))
    status, _, error = cli("replay", journal.path, "-o", tmp_path / "x.tif", *arguments)
    assert status == 1
    assert_one_line(error, "nothing was accepted")


def test_link_gives_an_object_one_label_in_the_whole_stack(
    cli: Run, tubes: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.tif"
    status, out, error = cli("segment", tubes, "-o", output, "--link", "--json")
    assert status == 0, error
    labels = tifffile.imread(output)
    # what the first disc is in the middle of its first slice, it is in the middle of all
    assert len({int(labels[z, 30, 40 + z]) for z in range(8)} - {0}) == 1
    assert (labels[6:, 60, 90] == 0).all()
    assert json.loads(out)["objects"] == len(np.unique(labels)) - 1


def test_clicks_in_a_stack_stay_in_their_slice(cli: Run, weights: Path, tmp_path: Path) -> None:
    stack = tmp_path / "stack.npy"
    np.save(stack, np.random.default_rng(0).integers(0, 4000, (3, 40, 48), np.uint16))
    (tmp_path / "clicks.csv").write_text("axis-0,axis-1,axis-2,object\n0,5,5,1\n2,20,30,2\n")
    output = tmp_path / "labels.ome.tif"
    status, _, _ = cli(
        "segment", stack, "-o", output, "--points", tmp_path / "clicks.csv", "--model", weights
    )
    assert status == 0
    labels = read_labels(output)
    assert labels.shape == (3, 40, 48)
    assert set(np.unique(labels[0])) <= {0, 1}
    assert not labels[1].any()
    assert set(np.unique(labels[2])) <= {0, 2}


def odd_images() -> dict[str, np.ndarray]:
    noise = np.random.default_rng(1).normal(100, 30, (40, 50))
    broken = noise.astype(np.float32)
    broken[:20] = np.nan
    broken[30, :5], broken[31, :5] = np.inf, -np.inf
    return {
        "1x1": np.ones((1, 1), np.uint8),
        "3x5000": np.tile(np.arange(5000, dtype=np.uint16), (3, 1)),
        "nan": broken,
        "all nan": np.full((20, 20), np.nan, np.float32),
        "bool": noise > 100,
        "int16": noise.astype(np.int16),
        "rgba": np.stack([noise.astype(np.uint8)] * 4, axis=-1),
        "constant": np.full((30, 30), 7, np.uint8),
    }


def test_quick_does_not_look_closer(cli: Run, tmp_path: Path) -> None:
    y, x = np.mgrid[:90, :120]
    image = np.where(np.hypot(y % 15 - 7, x % 15 - 7) < 4.5, 150, 30).astype(np.uint8)
    tifffile.imwrite(tmp_path / "small.tif", image)
    labels = []
    for options in ((), ("--quick",)):
        out = tmp_path / f"labels{len(labels)}.tif"
        status, _, error = cli("segment", tmp_path / "small.tif", "-o", out, "--no-cache", *options)
        assert status == 0, error
        labels.append(tifffile.imread(out))
    for closer, found in zip((True, False), labels, strict=True):
        session = Session.open(image, cache_dir=False, closer=closer)
        for _ in session.segment_everything():
            pass
        np.testing.assert_array_equal(found > 0, session.labels > 0)
    assert not np.array_equal(*labels)


@pytest.mark.parametrize("name", odd_images())
@pytest.mark.parametrize("prompted", [True, False])
def test_odd_images_are_segmented_all_the_same(
    cli: Run, weights: Path, tmp_path: Path, name: str, prompted: bool
) -> None:
    pixels = odd_images()[name]
    np.save(tmp_path / "image.npy", pixels)
    (tmp_path / "clicks.csv").write_text("axis-0,axis-1\n0,0\n")
    points = ("--points", tmp_path / "clicks.csv") if prompted else ()
    output = tmp_path / "labels.tif"
    status, _, _ = cli("segment", tmp_path / "image.npy", "-o", output, *points, "--model", weights)
    assert status == 0
    assert read_labels(output).shape == pixels.shape[:2]


def test_overwrite_replaces(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    for name in ("labels.tif", "labels.ome.zarr"):
        arguments = (
            "segment", image, "-o", tmp_path / name, "--points", clicks, "--model", weights
        )  # fmt: skip
        assert cli(*arguments)[0] == 0
        assert cli(*arguments)[0] == 1
        assert cli(*arguments, "--overwrite")[0] == 0
        assert read_labels(tmp_path / name).shape == (96, 128)


def test_embed_fills_the_cache_that_info_shows_and_clear_empties(
    cli: Run, image: Path, weights: Path
) -> None:
    status, out, _ = cli("embed", image, "--model", weights, "--json")
    assert (status, json.loads(out)["tiles"]) == (0, 1)

    (entry,) = json.loads(cli("cache", "info", "--json")[1])["images"]
    assert (entry["model"], entry["tiles_done"], entry["tiles_total"]) == ("tiny-random", 1, 1)
    assert "cells.tif" in entry["image"]
    assert "1 of 1 tiles" in cli("cache", "info")[1]

    status, out, _ = cli("cache", "clear", "--json")
    assert (status, json.loads(out)["freed"]) == (0, entry["bytes"])
    assert json.loads(cli("cache", "info", "--json")[1])["images"] == []


def test_a_full_disk_under_the_cache_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (256, 256)).astype(np.uint8)
    np.save(tmp_path / "image.npy", pixels)
    code = (
        "import resource, sys; from napari_sam.cli.app import run;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); sys.exit(run(sys.argv[1:]))"
    )
    given = ["segment", tmp_path / "image.npy", "-o", tmp_path / "labels.ome.tif", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, given)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (warning,) = json.loads(done.stdout)["warnings"]
    assert "the embedding cache" in warning
    assert "until then embeddings are not kept" in warning
    assert warning in done.stderr
    assert read_labels(tmp_path / "labels.ome.tif").shape == (256, 256)


def test_the_cache_is_verified_and_pruned(cli: Run, image: Path, weights: Path) -> None:
    assert cli("embed", image, "--model", weights)[0] == 0
    assert json.loads(cli("cache", "verify", "--json")[1]) == {"good": 1, "damaged": 0}
    assert cli("cache", "verify")[1] == "1 tiles are good, 0 were damaged\n"
    (size,) = {e["bytes"] for e in json.loads(cli("cache", "info", "--json")[1])["images"]}
    status, out, _ = cli("cache", "prune", "--max-size", "1", "--json")
    assert (status, json.loads(out)) == (0, {"freed": size})
    status, _, error = cli("cache", "prune", "--max-size", "some")
    assert status == 1
    assert "not a cache budget" in error


def test_no_cache_keeps_nothing(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.tif"
    cli("segment", image, "-o", output, "--points", clicks, "--model", weights, "--no-cache")
    assert output.is_file()
    assert not (tmp_path / "cache").exists()


def test_models_are_listed(cli: Run) -> None:
    status, out, _ = cli("models", "--json")
    assert status == 0
    assert "cells-tiny" in [card["name"] for card in json.loads(out)["models"]]
    assert "cells-tiny" in cli("models")[1]


def test_help_names_every_command() -> None:
    out = CliRunner().invoke(app, ["--help"]).output
    commands = ("demo", "segment", "measure", "embed", "replay", "models", "cache")
    assert [command for command in commands if command not in out] == []
    assert CliRunner().invoke(app, []).output == out


@pytest.mark.parametrize("arguments", [["--help"], ["cache", "info"], ["--version"]])
def test_torch_is_not_imported_for_nothing(arguments: list[str]) -> None:
    code = (
        "import sys; from napari_sam.cli.app import run; status = run(sys.argv[1:]);"
        "sys.exit(status or 2 * ('torch' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


# ---------------------------------------------------------------- what it refuses


def save_npy(folder: Path, pixels: np.ndarray) -> Path:
    np.save(folder / "image.npy", pixels)
    return folder / "image.npy"


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 5), np.uint8),
        np.zeros((5, 5), np.complex64),
        np.zeros((1, 1, 1, 1, 1, 4, 4), np.uint8),
        np.zeros(5, np.uint8),
    ],
    ids=["empty", "complex", "7 dimensions", "1 dimension"],
)
def test_arrays_that_are_no_images(
    cli: Run, weights: Path, tmp_path: Path, pixels: np.ndarray
) -> None:
    output = tmp_path / "labels.tif"
    image = save_npy(tmp_path, pixels)
    status, out, error = cli("segment", image, "-o", output, "--model", weights)
    assert (status, out) == (1, "")
    assert_one_line(error, "image")
    assert not output.exists()


@pytest.mark.parametrize("name", ["notes.txt", "torn.tif", "torn.png", "torn.npy", "torn.ome.zarr"])
def test_files_that_are_no_images(cli: Run, weights: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"II*\0this is not an image")
    output = tmp_path / "labels.tif"
    status, out, error = cli("segment", tmp_path / name, "-o", output, "--model", weights)
    assert (status, out) == (1, "")
    assert_one_line(error, name)
    assert not output.exists()


def test_missing_image(cli: Run, tmp_path: Path) -> None:
    status, _, error = cli("segment", tmp_path / "no.tif", "-o", tmp_path / "labels.tif")
    assert status == 1
    assert_one_line(error, "no.tif")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--axes", "ZYX"), ("axes", "ZYX")),
        (("--axes", "YY"), ("axes", "YY")),
        (("--channels", "4"), ("channel",)),
        (("--channels", "red"), ("--channels", "'red'")),
        (("--contrast", "5", "5"), ("contrast",)),
        (("--contrast", "nan", "5"), ("contrast",)),
        (("--model", "huge"), ("'huge'", "napari-sam models")),
        (("--device", "abacus"), ("abacus",)),
        (("--device", "cuda:99"), ("cuda:99",)),
        (("--propagate",), ("--propagate", "--points")),
        (("--along", "t"), ("--along", "--propagate", "--link")),
        (("--link",), ("single plane",)),
        (("--tracks", "tracks.csv"), ("no time axis", "--axes")),
        (("--tracks", "tracks.xml"), (".csv or .geff",)),
        (("--link", "--points", "clicks.csv"), ("--link", "--propagate")),
        (("--no-such-option",), ("--no-such-option",)),
    ],
)
def test_options_that_do_not_fit(
    cli: Run,
    image: Path,
    weights: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    output = tmp_path / "labels.tif"
    status, out, error = cli("segment", image, "-o", output, "--model", weights, *options)
    assert (status, out) == (1, "")
    assert_one_line(error, *words)
    assert not output.exists()


def test_a_single_plane_cannot_be_propagated(
    cli: Run, image: Path, clicks: Path, weights: Path
) -> None:
    output = image.with_name("labels.tif")
    prompts = ("--points", clicks, "--propagate")
    status, _, error = cli("segment", image, "-o", output, *prompts, "--model", weights)
    assert status == 1
    assert_one_line(error, "single plane")
    assert not output.exists()


def test_missing_argument(cli: Run, image: Path) -> None:
    status, _, error = cli("segment", image)
    assert status == 1
    assert_one_line(error, "--output")


@pytest.mark.parametrize(
    "rows",
    [
        "axis-0,axis-1\n30,200\n",
        "axis-0,axis-1\n-1,3\n",
        "axis-0,axis-1,axis-2\n0,30,40\n",
        "axis-0,axis-1,label\n30,40,0\n",
    ],
    ids=["right of the image", "above the image", "three dimensions", "only background"],
)
def test_points_that_make_no_sense(cli: Run, image: Path, tmp_path: Path, rows: str) -> None:
    (tmp_path / "clicks.csv").write_text(rows)
    output = tmp_path / "labels.tif"
    status, _, error = cli(
        "segment", image, "-o", output, "--points", tmp_path / "clicks.csv", "--model", "unread"
    )
    assert status == 1
    assert_one_line(error)
    assert "'unread'" not in error
    assert not output.exists()


def test_box_of_no_area(cli: Run, image: Path, tmp_path: Path) -> None:
    shapes = boxes(tmp_path / "boxes.csv", 10, 20, 10, 40)
    output = tmp_path / "labels.tif"
    status, _, error = cli("segment", image, "-o", output, "--boxes", shapes)
    assert status == 1
    assert_one_line(error, "area")


def test_outputs_that_cannot_be_written(cli: Run, image: Path, tmp_path: Path) -> None:
    # the model is not even looked for: the output is checked before the long work
    def refuse(output: Path) -> str:
        status, out, error = cli("segment", image, "-o", output, "--model", "unread")
        assert (status, out) == (1, "")
        assert_one_line(error)
        assert "'unread'" not in error
        return error

    (tmp_path / "old.tif").write_bytes(b"precious")
    (tmp_path / "locked").mkdir()
    assert "missing does not exist" in refuse(tmp_path / "missing" / "labels.tif")
    assert "exists" in refuse(tmp_path / "old.tif")
    assert "--overwrite" in refuse(tmp_path / "old.tif")
    assert ".ome.zarr" in refuse(tmp_path / "labels.png")
    assert (tmp_path / "old.tif").read_bytes() == b"precious"
    assert "cannot be written" in refuse(unwritable_folder(tmp_path) / "labels.tif")


def unwritable_folder(tmp_path: Path) -> Path:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/sys")  # nobody makes files there, root included
    (tmp_path / "read-only").mkdir(mode=0o500)
    return tmp_path / "read-only"


def test_the_image_is_never_replaced(cli: Run, image: Path, tmp_path: Path) -> None:
    before = image.read_bytes()
    link = tmp_path / "link.tif"
    link.symlink_to(image)
    for output in (image, link):
        status, _, error = cli("segment", image, "-o", output, "--overwrite")
        assert status == 1
        assert_one_line(error, "the image itself")
    assert image.read_bytes() == before


def test_a_folder_of_other_things_is_never_replaced(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.ome.zarr"
    output.mkdir()
    (output / "thesis.txt").write_text("precious")
    status, _, error = cli(
        "segment", image, "-o", output, "--overwrite", "--points", clicks, "--model", weights
    )
    assert status == 1
    assert_one_line(error, "labels.ome.zarr")
    assert (output / "thesis.txt").read_text() == "precious"


def test_cache_folder_of_another_program(
    cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("meow")
    folder = ("--cache-dir", tmp_path / "photos")
    for command in (
        ("embed", image, "--model", weights),
        ("segment", image, "-o", tmp_path / "labels.tif", "--model", weights),
        ("cache", "info"),
        ("cache", "clear"),
    ):
        status, out, error = cli(*command, *folder)
        assert (status, out) == (1, "")
        assert_one_line(error, "another program", "choose")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


def test_truncated_weights(cli: Run, image: Path, weights: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(weights.read_bytes()[:5000])
    output = tmp_path / "labels.tif"
    status, _, error = cli("segment", image, "-o", output, "--model", torn)
    assert status == 1
    assert_one_line(error, "torn.safetensors", "damaged")
    assert not output.exists()


# ---------------------------------------------------------------- how the process ends


def test_the_process_leaves_status_and_one_line(image: Path, tmp_path: Path) -> None:
    done = process("segment", image, "-o", tmp_path / "missing" / "labels.tif")
    assert (done.returncode, done.stdout) == (1, "")
    assert_one_line(done.stderr, "missing does not exist")


def test_debug_shows_the_traceback(image: Path, tmp_path: Path) -> None:
    done = process("segment", image, "-o", tmp_path / "labels.png", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("napari-sam: labels.png")


def test_the_process_says_nothing_but_the_summary(
    image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.ome.zarr"
    done = process("segment", image, "-o", output, "--points", clicks, "--model", weights, "--json")
    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert done.stderr.count("\n") == len(summary["warnings"])


def test_version(cli: Run) -> None:
    from napari_sam import __version__

    assert cli("--version") == (0, f"napari-sam {__version__}\n", "")


def test_the_other_plugin_of_that_name_is_warned_of(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "site" / "napari_sam-0.4.3.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: napari-sam\nVersion: 0.4.3\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    status, out, error = cli("cache", "info", "--json")
    assert status == 0
    assert json.loads(out)["images"] == []
    assert_one_line(error, "warning", "napari-sam 0.4.3", "pip uninstall")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to whole consoles only")
def test_ctrl_c_leaves_one_line_and_nothing_half_written(weights: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "stack.npy", np.zeros((20_000, 32, 32), np.uint8))
    (tmp_path / "results").mkdir()
    command = [
        "segment", tmp_path / "stack.npy", "--output", tmp_path / "results" / "labels.tif",
        "--model", weights,
    ]  # fmt: skip
    with subprocess.Popen(
        [*ENTRY, *map(str, command)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        wait_for(lambda: list((tmp_path / "cache").glob("*.zarr/digest/c.*")), running)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=300)
    assert (running.returncode, out) == (130, "")
    assert_one_line(error, "Ctrl-C")
    # only the folder of finished tiles, with which the same command goes on
    assert [path.name for path in (tmp_path / "results").iterdir()] == [".labels.tif.tiles"]


def wait_for(condition: Callable[[], object], running: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 300
    while not condition():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < until, "nothing was encoded"
        time.sleep(0.02)


def read_labels(path: Path) -> np.ndarray:
    if path.name.endswith(".zarr"):
        return np.asarray(zarr.open_group(path, mode="r")["0"])
    return tifffile.imread(path)
