"""A cluster: the same bytes as from one process, whatever happens to its workers."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask
import numpy as np
import psutil
import pytest
import tifffile
import zarr
from distributed import Client, LocalCluster

from napari_sam import Session
from napari_sam.cli.app import run
from napari_sam.cluster import tasks
from napari_sam.cluster.cluster import Cluster
from napari_sam.errors import ClusterError, OutputError
from napari_sam.model.sam import Sam
from napari_sam.mosaic.tile_folder import TileFolder, tile_folder_of
from napari_sam.weights.load import save_weights
from napari_sam.weights.precision import fastest_precision

pytestmark = pytest.mark.long  # workers are processes

Run = Callable[..., tuple[int, dict[str, Any], str]]
PLANES = 16


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Two workers in processes of their own, and who gives them work."""
    with (
        LocalCluster(2, threads_per_worker=1, memory_limit=0, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cells on many planes, each of which is a tile."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:240, :240]
    planes = random.integers(0, 40, (PLANES, 240, 240)).astype(np.uint8)
    for plane in planes:
        for cy, cx in random.uniform(20, 220, (6, 2)):
            plane[(y - cy) ** 2 + (x - cx) ** 2 < 110] += 80
    path = tmp_path_factory.mktemp("stack") / "stack.tif"
    tifffile.imwrite(path, planes)
    return path


@pytest.fixture(scope="module")
def alone(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a single process writes."""
    output = tmp_path_factory.mktemp("alone") / "l.ome.zarr"
    assert run(["segment", str(stack), "-o", str(output), "--no-cache", "--json"]) == 0
    return contents(output)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        status = run([*map(str, words), "--json"])
        out, error = capsys.readouterr()
        return status, json.loads(out) if out else {}, error

    return call


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def without_recipe(files: dict[str, bytes]) -> dict[str, Any]:
    """Files of an OME-Zarr, with the group's attributes but the recipe."""
    group = json.loads(files["zarr.json"])
    del group["attributes"]["napari-sam-recipe"]
    return files | {"zarr.json": group}


def tiles_in(folder: Path) -> dict[str, int]:
    """The finished tiles, and when they were written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.npz")}


def address(client: Client) -> str:
    return str(client.scheduler.address)


# --- the same as from one process --------------------------------------------------------------


def test_workers_find_what_one_process_finds(
    client: Client, cli: Run, stack: Path, alone: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "l.ome.zarr"
    words = "segment", stack, "-o", output, "--no-cache", "--scheduler", address(client)
    status, summary, error = cli(*words)
    assert (status, error, summary["warnings"]) == (0, "", [])
    assert summary["device"] == "2 workers"
    assert summary["objects"] > PLANES
    assert contents(output) == alone
    assert not tile_folder_of(output).exists()


def test_workers_fill_the_cache_that_one_process_reads(
    client: Client, cli: Run, stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stack.parent)  # the workers are elsewhere
    words = "embed", stack.name, "--cache-dir", tmp_path / "cache", "--scheduler", address(client)
    status, summary, error = cli(*words)
    assert (status, error, summary["tiles"], summary["warnings"]) == (0, "", PLANES, [])
    session = Session.open(stack.name, cache_dir=tmp_path / "cache")
    assert len(list(session.encode())) == PLANES
    assert session.encoder.calls == 0


def test_bf16_is_taken_if_all_workers_gain_by_it(client: Client) -> None:
    assert Cluster(client, "cells-tiny").fastest_precision() is fastest_precision("cpu")


def test_workers_keep_to_the_budget_that_is_set_here(
    client: Client, cli: Run, stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session.open(stack, cache_dir=tmp_path / "cache")
    few = 4 * session.encoder.cache.spec.tile_bytes
    monkeypatch.setenv("NAPARI_SAM_CACHE_BUDGET", str(few))
    words = "--cache-dir", tmp_path / "cache", "--scheduler", address(client)
    assert cli("segment", stack, "-o", tmp_path / "l.ome.zarr", *words)[0] == 0
    assert 1 <= session.encoder.cache.info().tiles_done <= 6  # each of two workers may be one ahead


def test_an_image_may_be_a_url(client: Client, cli: Run, stack: Path, tmp_path: Path) -> None:
    zarr.save_array(tmp_path / "image.zarr", tifffile.imread(stack)[:3])
    url = f"file://{(tmp_path / 'image.zarr').as_posix()}"
    one, other = tmp_path / "one.ome.zarr", tmp_path / "other.ome.zarr"
    assert cli("segment", url, "-o", one, "--no-cache")[0] == 0
    words = "segment", url, "-o", other, "--no-cache", "--scheduler", address(client)
    assert cli(*words)[0] == 0
    np.testing.assert_array_equal(zarr.open(one)["0"][:], zarr.open(other)["0"][:])
    assert cli("embed", url, "--cache-dir", tmp_path / "cache")[1]["tiles"] == 3


def test_a_folder_of_images_is_shared_out(client: Client, cli: Run, tmp_path: Path) -> None:
    plate = tmp_path / "plate"
    plate.mkdir()
    for seed in range(5):
        image = np.random.default_rng(seed).integers(0, 40, (90, 90), dtype=np.uint8)
        image[20:40, 10 * seed : 10 * seed + 20] += 150
        tifffile.imwrite(plate / f"well{seed}.tif", image)
    (plate / "broken.tif").write_bytes(b"not a TIFF")
    expected, found = tmp_path / "expected", tmp_path / "found"
    assert cli("segment", plate, "-o", expected, "--no-cache")[0] == 1
    words = "segment", plate, "-o", found, "--no-cache", "--scheduler", address(client)
    status, summary, _ = cli(*words)
    assert (status, summary["done"], summary["failed"]) == (1, 5, 1)
    with (found / "report.csv").open(newline="") as file:
        rows = {Path(row["file"]).name: row["status"] for row in csv.DictReader(file)}
    assert rows == {"broken.tif": "failed", **{f"well{seed}.tif": "done" for seed in range(5)}}
    for labels in expected.glob("*.tif"):
        np.testing.assert_array_equal(tifffile.imread(found / labels.name), tifffile.imread(labels))
    # labels and recipe of five images, and the report: no tiles are left behind
    assert len(list(found.iterdir())) == 11


# --- what may happen to workers ----------------------------------------------------------------


def test_a_killed_worker_costs_its_tile_alone(
    client: Client, stack: Path, alone: dict[str, bytes], tmp_path: Path
) -> None:
    session = Session.open(stack, cache_dir=False)
    cluster = Cluster(client, "cells-tiny")
    finished: dict[str, int] = {}
    killed = -1
    for step in session.segment_mosaic(tmp_path / "t", cluster.segment):
        if step.done == 3:
            busy = next(worker for worker, own in client.processing().items() if own)
            killed = client.run(os.getpid, workers=[busy])[busy]
            finished = tiles_in(tmp_path / "t")
            os.kill(killed, signal.SIGKILL)
    assert step.done == step.total
    assert 3 <= len(finished) < PLANES
    now = tiles_in(tmp_path / "t")
    assert finished.items() <= now.items()  # nothing was done again
    assert len(now) == PLANES
    client.wait_for_workers(2)
    assert killed not in client.run(os.getpid).values()
    session.save(tmp_path / "l.ome.zarr")
    # only the command notes in its recipe that the contrast was chosen from the image
    assert without_recipe(contents(tmp_path / "l.ome.zarr")) == without_recipe(alone)


def test_who_stops_asking_takes_back_what_has_not_begun(
    client: Client, stack: Path, tmp_path: Path
) -> None:
    session = Session.open(stack, cache_dir=False)
    steps = iter(session.segment_mosaic(tmp_path / "t", Cluster(client, "cells-tiny").segment))
    next(steps)
    steps.close()
    while any(client.processing().values()):
        time.sleep(0.05)
    assert 1 <= len(tiles_in(tmp_path / "t")) < PLANES


def test_of_many_tasks_some_are_under_way(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "UNDER_WAY", 3)
    results = tasks.submit(client, str, range(10))
    assert sorted(results) == sorted(map(str, range(10)))


def test_ctrl_c_ends_the_workers_and_what_is_done_is_kept(
    stack: Path, alone: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "l.ome.zarr"
    words = ["segment", str(stack), "-o", str(output), "--no-cache"]
    code = "from napari_sam.cli import main; main()"
    program = subprocess.Popen(
        [sys.executable, "-c", code, *words, "--scheduler", "local:2"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal interrupts all of a session, the workers too
    )
    while program.poll() is None and len(tiles_in(tile_folder_of(output))) < 2:
        time.sleep(0.01)
    family = psutil.Process(program.pid).children(recursive=True)
    os.killpg(program.pid, signal.SIGINT)
    _, error = program.communicate(timeout=120)
    assert (program.returncode, error) == (130, "napari-sam: stopped by Ctrl-C\n")
    assert psutil.wait_procs(family, timeout=60)[1] == []
    kept = tiles_in(tile_folder_of(output))
    assert 2 <= len(kept) < PLANES
    assert not output.exists()
    assert run([*words, "--json"]) == 0
    assert contents(output) == alone


def test_a_cluster_that_goes_away_is_one_line(stack: Path, tmp_path: Path) -> None:
    session = Session.open(stack, cache_dir=False)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),  # to come back
        LocalCluster(1, threads_per_worker=1, memory_limit=0, dashboard_address=":0") as cluster,
        Client(cluster.scheduler_address) as client,
    ):
        steps = session.segment_mosaic(tmp_path / "t", Cluster(client, "cells-tiny").segment)
        done = iter(steps)
        next(done)
        cluster.close()
        with pytest.raises(ClusterError, match="the cluster is gone"):
            list(done)
    assert 1 <= len(tiles_in(tmp_path / "t")) < PLANES


# --- what cannot be ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheduler", "words"),
    [
        ("tcp://127.0.0.1:1", "no scheduler answers at tcp://127.0.0.1:1"),
        ("carrier-pigeon://loft", "no scheduler answers at carrier-pigeon://loft"),
        ("local:many", "write local:4 for four"),
        ("local:0", "write local:4 for four"),
    ],
)
def test_a_scheduler_that_is_none_is_one_line(
    cli: Run, stack: Path, scheduler: str, words: str
) -> None:
    status, _, error = cli("embed", stack, "--scheduler", scheduler)
    assert status == 1
    assert words in error
    assert error.count("\n") == 1


def test_without_the_extra_it_says_what_to_install(
    cli: Run, stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    status, _, error = cli("embed", stack, "--scheduler", "local:2")
    assert status == 1
    assert 'pip install "napari-sam-microscopy[distributed]"' in error
    assert error.count("\n") == 1


def test_clicks_are_not_shared_out(client: Client, cli: Run, stack: Path, tmp_path: Path) -> None:
    words = "segment", stack, "-o", tmp_path / "l.tif", "--link", "--scheduler", address(client)
    status, _, error = cli(*words)
    assert status == 1
    assert "leave it out with --points, --boxes and --link" in error


def test_an_image_that_workers_do_not_see_is_named(
    client: Client, stack: Path, tmp_path: Path
) -> None:
    cluster = Cluster(client, "cells-tiny")
    in_memory = Session.open(np.zeros((64, 64), np.uint8), cache_dir=False)
    with pytest.raises(ClusterError, match="give an image that is a file"):
        in_memory.segment_mosaic(tmp_path / "t", cluster.segment)
    elsewhere = tmp_path / "elsewhere.tif"
    elsewhere.write_bytes(stack.read_bytes())
    session = Session.open(elsewhere, cache_dir=False)
    tiles = session.encode(work=cluster.encode)
    elsewhere.unlink()
    elsewhere.mkdir()  # there is something, but not what is seen here
    with pytest.raises(
        ClusterError, match=r"a worker cannot open .*storage that the workers share"
    ):
        next(tiles)


def test_other_weights_are_refused(
    client: Client, stack: Path, tiny_model: Sam, tmp_path: Path
) -> None:
    save_weights(tiny_model, tmp_path / "other.safetensors")
    session = Session.open(stack, cache_dir=False)
    cluster = Cluster(client, str(tmp_path / "other.safetensors"))
    with pytest.raises(ClusterError, match="a worker has other weights for"):
        list(session.segment_mosaic(tmp_path / "t", cluster.segment))


def test_a_folder_is_only_joined_if_it_is_that_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="storage that the workers share"):
        TileFolder(tmp_path / "t", {"model": "a"}, join=True)
    assert not (tmp_path / "t").exists()
    TileFolder(tmp_path / "t", {"model": "a"})
    assert TileFolder(tmp_path / "t", {"model": "a"}, join=True).plan == {"model": "a"}
    with pytest.raises(OutputError, match="one command for it at a time"):
        TileFolder(tmp_path / "t", {"model": "b"}, join=True)


def test_workers_take_the_chosen_image_of_a_file(
    client: Client, cli: Run, stack: Path, tmp_path: Path
) -> None:
    """The images are equally large: an image taken for the other would not be noticed."""
    path = tmp_path / "two.ome.tif"
    pixels = tifffile.imread(stack)[:2]
    with tifffile.TiffWriter(path, ome=True) as tiff:
        for planes in (pixels, pixels[:, ::-1, ::-1]):
            tiff.write(planes, metadata={"axes": "ZYX"}, photometric="minisblack")
    words = ["segment", path, "--no-cache", "--series", 1, "-o"]
    assert cli(*words, tmp_path / "alone.ome.zarr")[0] == 0
    status, _, _ = cli(*words, tmp_path / "shared.ome.zarr", "--scheduler", address(client))
    assert status == 0
    folders = [tmp_path / f"{name}.ome.zarr" for name in ("alone", "shared")]
    alone, shared = (np.asarray(zarr.open_group(folder, mode="r")["0"]) for folder in folders)
    assert alone.any()
    np.testing.assert_array_equal(alone, shared)
