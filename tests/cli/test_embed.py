"""The command line: embeddings kept in a cache, and what is said of the cache."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.process import Run, read_labels


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


@pytest.mark.long
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
