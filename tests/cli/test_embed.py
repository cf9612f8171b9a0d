"""The command line: embeddings kept in a cache, and what is said of the cache."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_sam import Session
from napari_sam.embeddings import prune_cache
from napari_sam.tiles.grid import Tile
from tests.cli.process import Run, assert_one_line, read_labels


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


def test_embeddings_of_two_precisions_lie_beside_each_other(
    cli: Run, image: Path, weights: Path
) -> None:
    for precision in ("fp32", "bf16"):
        status, out, _ = cli("embed", image, "--model", weights, "--precision", precision, "--json")
        assert (status, json.loads(out)["stored"]) == (0, 1)
    entries = json.loads(cli("cache", "info", "--json")[1])["images"]
    assert [entry["tiles_done"] for entry in entries] == [1, 1]
    status, _, error = cli("embed", image, "--model", weights, "--precision", "int8")
    assert status != 0
    assert "int8" in error
    cli("cache", "clear")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """An image of four tiles."""
    np.save(tmp_path / "large.npy", np.random.default_rng(0).integers(0, 255, (1300, 1300), "u1"))
    return tmp_path / "large.npy"


def test_a_budget_that_is_too_small_is_told_before_the_work(
    cli: Run, large: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_SAM_CACHE_BUDGET", "3MB")
    status, out, error = cli("embed", large, "--model", weights)
    assert (status, out) == (1, "")
    assert_one_line(error, "4 tiles need ", "of its budget of 3 MB")
    assert json.loads(cli("cache", "info", "--json")[1])["images"] == []
    advised = error.split("NAPARI_SAM_CACHE_BUDGET=")[1].strip()
    monkeypatch.setenv("NAPARI_SAM_CACHE_BUDGET", advised)
    status, out, _ = cli("embed", large, "--model", weights, "--json")
    summary = json.loads(out)
    assert (status, summary["tiles"], summary["stored"]) == (0, 4, 4)
    (entry,) = json.loads(cli("cache", "info", "--json")[1])["images"]
    assert (entry["tiles_done"], entry["tiles_total"]) == (4, 4)


def test_a_cache_that_cannot_be_written_is_told_before_the_work(
    cli: Run, image: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NAPARI_SAM_CACHE_DIR", str(tmp_path / "file" / "cache"))
    status, out, error = cli("embed", image, "--model", weights)
    assert (status, out) == (1, "")
    assert_one_line(error, str(tmp_path / "file" / "cache"), "cannot be written")


def test_tiles_that_are_not_kept_at_the_end_are_told(
    cli: Run, large: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = Session.encode

    def beside_another_program(self: Session) -> Iterator[Tile]:
        """Encode, while another program with a budget of its own uses the same cache."""
        yield from encode(self)
        prune_cache(tmp_path / "cache", max_size=2_000_000)

    monkeypatch.setattr(Session, "encode", beside_another_program)
    status, out, error = cli("embed", large, "--model", weights, "--json")
    stored = json.loads(out)["stored"]
    assert status == 1
    assert 0 < stored < 4
    assert_one_line(error, f"{stored} of 4 tiles are stored in {tmp_path / 'cache'}")


@pytest.mark.long
def test_a_full_disk_under_the_cache_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 60, (256, 256)).astype(np.uint8)
    pixels[80:120, 90:140] += 150  # a tile of noise alone would be left out
    np.save(tmp_path / "image.npy", pixels)
    code = (
        "import resource, sys; from napari_sam.cli.app import run;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); sys.exit(run(sys.argv[1:]))"
    )
    image, labels = str(tmp_path / "image.npy"), str(tmp_path / "labels.ome.tif")
    commands = [["segment", image, "-o", labels, "--json"], ["embed", image]]
    done, embedded = (
        subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
        )
        for words in commands
    )
    assert (embedded.returncode, embedded.stdout) == (1, "")  # of `embed` the cache is the work
    assert_one_line(embedded.stderr, "the embedding cache", "cannot be written")
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
