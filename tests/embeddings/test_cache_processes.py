"""One cache, several real processes: filling it together, killed at any moment, out of disk."""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_sam.embeddings import (
    CacheSpec,
    EmbeddingCache,
    as_stored,
    cache_info,
    digest_pixels,
)
from napari_sam.embeddings.quantised import Quantised
from napari_sam.errors import CacheError

SPEC = CacheSpec(
    image="shared.zarr",
    model="cells-tiny",
    weights_hash="0123",
    intensity="auto",
    tile_size=1024,
    overlap=192,
    grid_shape=(2, 2, 3),
    arrays={"high_res_4": (4, 128, 128), "image_embedding": (32, 64, 64)},
)
INDICES = list(np.ndindex(SPEC.grid_shape))


def digest(index: tuple[int, ...], version: int) -> bytes:
    return digest_pixels(np.array([*index, version]))


def embedding(index: tuple[int, ...], version: int, device: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng([*index, version, device])
    return {n: rng.normal(size=shape).astype(np.float16) for n, shape in SPEC.arrays.items()}


def edit_for_ever(root: str, version: int) -> None:
    """Write all tiles, again and again with new pixels, and say when each is stored."""
    cache = EmbeddingCache(root, SPEC)
    while True:
        for number, index in enumerate(INDICES):
            cache.put(index, digest(index, version), embedding(index, version))
            print(number, version, flush=True)
        version += 1


def fill_together(root: str, device: int) -> None:
    """Write all tiles a few times when told to start; another process does the same."""
    cache = EmbeddingCache(root, SPEC)
    tiles = [(index, embedding(index, 0, device)) for index in INDICES]
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(10):
        for index, arrays in tiles:
            if not cache.put(index, digest(index, 0), arrays):
                raise SystemExit("not stored")


def fill_the_disk(root: str, limit: int) -> None:
    """Write tiles where no file may become larger than ``limit`` bytes."""
    cache = EmbeddingCache(root, SPEC)
    cache.put(INDICES[0], digest(INDICES[0], 0), embedding(INDICES[0], 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for index in INDICES[1:4]:
        try:
            print(cache.put(index, digest(index, 0), embedding(index, 0)))
        except CacheError as error:
            print(error)
    print(cache.get(INDICES[0], digest(INDICES[0], 0)) is not None)


def read_only(root: str, version: int) -> None:
    """Use a cache of somebody else: root may write anywhere, so be nobody."""
    own = EmbeddingCache(f"{root} of mine", SPEC)  # loads what nobody might not be let to
    own.put(INDICES[0], digest(INDICES[0], version), embedding(INDICES[0], version))
    holds(own, INDICES[0], version)
    if os.geteuid() == 0:
        os.seteuid(65534)
    cache = EmbeddingCache(root, SPEC)
    print(holds(cache, INDICES[0], version))
    try:
        print(cache.put(INDICES[1], digest(INDICES[1], 0), embedding(INDICES[1], 0)))
    except CacheError as error:
        print(error)
    print(cache.put(INDICES[2], digest(INDICES[2], 0), embedding(INDICES[2], 0)))
    print(holds(cache, INDICES[0], version))


def start(task: str, root: Path, number: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, task, str(root), str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def is_rounded(stored: Quantised, features: np.ndarray) -> bool:
    return np.array_equal(np.asarray(stored), np.asarray(as_stored(features)))


def holds(cache: EmbeddingCache, index: tuple[int, ...], version: int, device: int = 0) -> str:
    """Whether a tile comes back as stored: "whole", "nothing" or, what must not be, "wrong"."""
    stored = cache.get(index, digest(index, version))
    if stored is None:
        return "nothing"
    wanted = embedding(index, version, device)
    return "whole" if all(is_rounded(stored[n], wanted[n]) for n in wanted) else "wrong"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_kill_loses_the_tile_under_way_and_nothing_else(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    stored: dict[tuple[int, ...], int] = {}
    for first_version in (0, 100):
        with start("edit_for_ever", tmp_path, first_version) as process:
            lines = [process.stdout.readline() for _ in range(chance.randrange(1, 40))]
            time.sleep(chance.uniform(0, 0.02))
            process.kill()
            lines += process.stdout.readlines()
        done = [tuple(map(int, line.split())) for line in lines if line.endswith("\n")]
        stored |= {INDICES[number]: version for number, version in done}
        stored.pop(INDICES[(done[-1][0] + 1) % len(INDICES)], None)
        cache = EmbeddingCache(tmp_path, SPEC)
        kept = {index: holds(cache, index, version) for index, version in stored.items()}
        assert kept == dict.fromkeys(stored, "whole")
        versions = [*range(5), *range(100, 105)]
        found = {holds(cache, index, version) for index in INDICES for version in versions}
        assert found <= {"whole", "nothing"}


def test_two_processes_fill_one_cache(tmp_path: Path) -> None:
    fill(tmp_path / "cache", devices=(0, 0))
    cache = EmbeddingCache(tmp_path / "cache", SPEC)
    assert [holds(cache, index, 0) for index in INDICES] == ["whole"] * len(INDICES)


def test_tiles_of_two_devices_are_never_mixed(tmp_path: Path) -> None:
    # Two devices round differently; while both write one tile, its arrays may come from both.
    fill(tmp_path / "cache", devices=(0, 1))
    cache = EmbeddingCache(tmp_path / "cache", SPEC)
    for index in INDICES:
        found = {holds(cache, index, 0, device) for device in (0, 1)}
        assert found in ({"nothing"}, {"whole", "wrong"})


def fill(root: Path, devices: tuple[int, int]) -> None:
    """Let two processes fill one cache at the same time."""
    processes = [start("fill_together", root, device) for device in devices]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0]


def test_a_full_disk_is_said_once_and_what_is_there_stays_readable(tmp_path: Path) -> None:
    with start("fill_the_disk", tmp_path, 60_000) as process:
        lines = process.stdout.read().splitlines()
    assert process.returncode == 0
    assert len(lines) == 4
    assert "cannot be written" in lines[0]
    assert "NAPARI_SAM_CACHE_DIR" in lines[0]
    assert lines[1:] == ["False", "False", "True"]
    assert not list(tmp_path.rglob("*.partial"))
    # The smaller array did fit; half a tile would only take room on a disk that has none.
    assert len(list(tmp_path.rglob("c.*"))) == 2 + len(SPEC.arrays)
    assert cache_info(tmp_path)[0].tiles_done == 1


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that another user may look into: pytest's own are for their owner only."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_cache_that_may_only_be_read_is_read(open_to_all: Path) -> None:
    root = open_to_all / "lab"
    EmbeddingCache(root, SPEC).put(INDICES[0], digest(INDICES[0], 0), embedding(INDICES[0], 0))
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        with start("read_only", root, 0) as process:
            lines = process.stdout.read().splitlines()
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert process.returncode == 0
    assert [lines[0], *lines[2:]] == ["whole", "False", "whole"]
    assert "cannot be written (Permission denied)" in lines[1]
    assert "until then embeddings are not kept" in lines[1]


if __name__ == "__main__":
    tasks = (edit_for_ever, fill_together, fill_the_disk, read_only)
    {task.__name__: task for task in tasks}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
