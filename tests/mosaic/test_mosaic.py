"""All objects of an image of any size: no seams, no order, nothing done twice, nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.measure import label as connected_components

from napari_sam import Session
from napari_sam.errors import LabelError, OutputError
from napari_sam.masks.automatic.everything import not_cut
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.mosaic.mosaic import Mosaic
from napari_sam.mosaic.seams import agreeing
from napari_sam.mosaic.tile_folder import TileFolder, remove_tiles, tile_folder_of
from napari_sam.mosaic.tile_objects import TileObjects
from napari_sam.plugin.samples import generate_nuclei
from napari_sam.tiles.bbox import intersection, place
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import unite

DIGEST = bytes(16)
Labels = NDArray[np.uint32]


def discs(height: int, width: int, radius: int, seed: int) -> Labels:
    """Discs that do not touch, numbered from 1 in no order."""
    random = np.random.default_rng(seed)
    canvas = np.zeros((height, width), bool)
    y, x = np.mgrid[:height, :width]
    for cy, cx in random.uniform((0, 0), (height, width), (40, 2)):
        wide = (y - cy) ** 2 + (x - cx) ** 2 < (radius + 2) ** 2
        if not canvas[wide].any():
            canvas |= (y - cy) ** 2 + (x - cx) ** 2 < radius**2
    numbers = connected_components(canvas)
    return np.concatenate([[0], 1 + random.permutation(numbers.max())])[numbers].astype(np.uint32)


def seen_in(truth: Labels, tile: Tile) -> TileObjects:
    """What a perfect model finds in a tile."""
    crop = truth[(*tile.plane, *place(tile.bbox, (0, 0, 0, 0)))]
    present, numbers = np.unique(crop, return_inverse=True)
    numbers = numbers.reshape(crop.shape) + (0 if present[0] == 0 else 1)
    count = np.count_nonzero(present)
    return TileObjects(tile, numbers.astype(np.uint16), np.full(count, 0.9, np.float32))


def mosaic_of(truth: Labels, grid: TileGrid, path: Path, seed: int = 0) -> Mosaic:
    """The mosaic of what a perfect model finds, tile by tile in some order."""
    folder = TileFolder(path, {"of": "a test"})
    planes = list(np.ndindex(truth.shape[:-2]))
    tiles = [tile for plane in planes for tile in grid.tiles(plane)]
    for index in np.random.default_rng(seed).permutation(len(tiles)):
        folder.put(seen_in(truth, tiles[index]), DIGEST)
    mosaic = Mosaic(folder, grid, truth.shape[:-2])
    assert sum(1 for _ in mosaic.prepare()) == mosaic.steps
    return mosaic


def same_objects(first: Labels, second: Labels) -> bool:
    """Whether two labellings differ by the numbers alone."""
    pairs = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1)
    return all(len(set(side.tolist())) == pairs.shape[1] for side in pairs)


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(40, 150),
    width=st.integers(40, 150),
    tile=st.integers(50, 90),
    seed=st.integers(0, 100),
)
def test_what_a_perfect_model_sees_in_tiles_is_the_whole(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, tile: int, seed: int
) -> None:
    truth = discs(height, width, 6, seed)
    grid = TileGrid(height, width, tile, overlap=16)  # a disc is whole in one tile
    mosaic = mosaic_of(truth, grid, tmp_path_factory.mktemp("tiles") / "t", seed)
    large = truth * (np.bincount(truth.ravel())[truth] >= 12)  # crumbs at the image's edge go
    labels = mosaic[:]
    assert same_objects(labels, large)
    assert mosaic.count == len(np.unique(large)) - 1
    assert np.unique(labels).tolist() == list(range(mosaic.count + 1))


def test_long_objects_cross_any_number_of_tiles(tmp_path: Path) -> None:
    truth = np.zeros((100, 400), np.uint32)
    truth[45:55] = 1  # through all columns of tiles
    truth[20:30, 10:390] = 2
    mosaic = mosaic_of(truth, TileGrid(100, 400, 64, 16), tmp_path / "t")
    assert same_objects(mosaic[:], truth)


def test_neither_order_nor_region_changes_a_label(tmp_path: Path) -> None:
    truth = np.stack([discs(130, 170, 7, seed) for seed in (1, 2, 3)])
    grid = TileGrid(130, 170, 64, 20)
    one, other = (mosaic_of(truth, grid, tmp_path / str(seed), seed) for seed in (0, 9))
    whole = one[:]
    np.testing.assert_array_equal(whole, other[:])
    np.testing.assert_array_equal(one[1, 30:99, 20:150], whole[1, 30:99, 20:150])
    np.testing.assert_array_equal(one[2], whole[2])
    assert one[0:2, 5, 3:9].shape == (2, 6)
    assert (one.count, one.ndim, one.size) == (whole.max(), 3, whole.size)


@given(st.permutations(range(8)))
def test_objects_do_not_depend_on_the_order_of_the_pairs(order: list[int]) -> None:
    pairs = np.array([(0, 3), (3, 7), (2, 5), (8, 9), (5, 6), (7, 0), (1, 1), (9, 8)])
    shuffled = [pairs[[i]] for i in order]
    assert unite(11, shuffled).tolist() == [0, 1, 2, 0, 3, 2, 2, 0, 4, 4, 5]


def test_half_of_the_smaller_part_decides(tmp_path: Path) -> None:
    tiles = [Tile((), 0, col, 0, 40 * col, 20, 60) for col in (0, 1)]
    left, right = np.zeros((2, 20, 60), np.uint16)
    left[0:10, 40:60] = 1  # in the common pixels 200 of the left, and of the right
    right[4:10, 0:20] = 1  # 120, all of them shared
    right[12:16, 0:20] = 2
    scores = np.ones(1, np.float32), np.ones(2, np.float32)
    parts = [TileObjects(*each) for each in zip(tiles, (left, right), scores, strict=True)]
    assert agreeing(*parts).tolist() == [[1, 1]]
    right[4:10, :10] = 0  # 60, still all of them shared
    right[10:18, 10:20] = 1  # and 80 more that are not: under a half
    assert agreeing(*parts).tolist() == []


def test_a_damaged_tile_is_not_used(tmp_path: Path) -> None:
    folder = TileFolder(tmp_path / "t", {})
    tile = Tile((3,), 1, 2, 0, 0, 20, 20)
    objects = TileObjects(tile, np.ones((20, 20), np.uint16), np.ones(1, np.float32))
    folder.put(objects, DIGEST)
    again = TileFolder(tmp_path / "t", {})
    assert again.get(tile, b"other pixels....") is None
    np.testing.assert_array_equal(again.get(tile, DIGEST).numbers, objects.numbers)
    (file,) = (tmp_path / "t").glob("*.npz")
    data = bytearray(file.read_bytes())
    for position in range(0, len(data), 7):
        data[position] ^= 0x55
    file.write_bytes(data)
    assert TileFolder(tmp_path / "t", {}).get(tile, DIGEST) is None
    file.write_bytes(data[:50])
    assert TileFolder(tmp_path / "t", {}).get(tile, DIGEST) is None


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": np.ones((20, 20), np.float64)},
        {"numbers": np.ones((20, 20), np.int16) * -1},
        {"numbers": np.full((20, 20), 9, np.uint16)},
        {"numbers": np.ones((20, 21), np.uint16)},
        {"numbers": np.array([[{}]], object)},
        {"confidence": np.float32(1)},
        {"confidence": np.ones((1, 1), np.float32)},
        {"confidence": np.full(1, np.nan, np.float32)},
        {"digest": np.array(["x"])},
    ],
)
def test_a_tile_of_other_types_is_segmented_again(
    tmp_path: Path, change: dict[str, np.ndarray]
) -> None:
    folder = TileFolder(tmp_path / "t", {})
    tile = Tile((3,), 1, 2, 0, 0, 20, 20)
    objects = TileObjects(tile, np.ones((20, 20), np.uint16), np.ones(1, np.float32))
    folder.put(objects, DIGEST)
    (file,) = (tmp_path / "t").glob("*.npz")
    with np.load(file) as arrays:
        np.savez(file, **(dict(arrays) | change))
    again = TileFolder(tmp_path / "t", {})
    assert again.get(tile, DIGEST) is None
    again.put(objects, DIGEST)
    np.testing.assert_array_equal(again.get(tile, DIGEST).numbers, objects.numbers)


def test_a_damaged_plan_begins_anew_and_is_not_joined(tmp_path: Path) -> None:
    tile = Tile((), 0, 0, 0, 0, 20, 20)
    objects = TileObjects(tile, np.zeros((20, 20), np.uint16), np.zeros(0, np.float32))
    for content in (b"\xff\xfe", b"", b"{", b"[" * 100_000):
        TileFolder(tmp_path / "t", {}).put(objects, DIGEST)
        (tmp_path / "t" / "plan.json").write_bytes(content)
        with pytest.raises(OutputError, match="a worker does not find the folder"):
            TileFolder(tmp_path / "t", {}, join=True)
        assert TileFolder(tmp_path / "t", {}).get(tile) is None


def test_a_folder_that_another_run_removed_is_said(tmp_path: Path) -> None:
    tile = Tile((), 0, 0, 0, 0, 20, 20)
    objects = TileObjects(tile, np.zeros((20, 20), np.uint16), np.zeros(0, np.float32))
    folder = TileFolder(tmp_path / "t", {})
    remove_tiles(tmp_path / "t")
    with pytest.raises(OutputError, match="run one command for an output at a time"):
        folder.put(objects, DIGEST)


def test_another_plan_begins_anew_and_other_folders_are_left_alone(tmp_path: Path) -> None:
    tile = Tile((), 0, 0, 0, 0, 20, 20)
    objects = TileObjects(tile, np.zeros((20, 20), np.uint16), np.zeros(0, np.float32))
    TileFolder(tmp_path / "t", {"model": "a"}).put(objects, DIGEST)
    assert TileFolder(tmp_path / "t", {"model": "a"}).get(tile) is not None
    assert TileFolder(tmp_path / "t", {"model": "b"}).get(tile) is None
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("...")
    with pytest.raises(OutputError, match="not ours"):
        TileFolder(tmp_path / "thesis", {})
    remove_tiles(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.tex").exists()


@settings(max_examples=100, deadline=None)
@given(
    size=st.tuples(st.integers(60, 200), st.integers(60, 200)),
    corner=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    sides=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_what_is_smaller_than_the_overlap_is_whole_in_every_tile_that_keeps_it(
    size: tuple[int, int], corner: tuple[float, float], sides: tuple[int, int]
) -> None:
    grid = TileGrid(*size, tile_size=50, overlap=10)
    y0, x0 = (round(f * (n - s)) for f, n, s in zip(corner, size, sides, strict=True))
    box = (y0, x0, y0 + sides[0], x0 + sides[1])
    kept = []
    for tile in grid.overlapping((), box):
        seen = intersection(tile.bbox, box)
        assert seen is not None
        pixels = np.ones((seen[2] - seen[0], seen[3] - seen[1]), bool)
        kept += not_cut([Mask((), seen, pixels, 0.9, 1.0)], grid, tile)
    assert kept
    assert {mask.bbox for mask in kept} == {box}


@pytest.mark.long
@pytest.mark.parametrize("tile_size", [192, 256])
def test_no_object_is_cut_along_a_border_of_tiles(tile_size: int, tmp_path: Path) -> None:
    image = generate_nuclei((640, 704), scale=(0.5, 0.5), count=150, radius=7.0)
    session = Session.open(image, tile_size=tile_size, cache_dir=False)
    list(session.segment_mosaic(tmp_path / "t"))
    labels = session.labels[:]
    assert session.labels.count > 100
    assert len(session.tiles()) > 8
    boxes = np.array([tile.bbox for tile in session.tiles()])
    for axis, lines in enumerate((boxes[:, [0, 2]], boxes[:, [1, 3]])):
        edges = np.diff(labels.astype(np.int64), axis=axis) != 0
        runs = [longest_run(line) for line in np.moveaxis(edges, axis, 0)]
        borders = {int(at) - 1 for at in np.unique(lines)} & set(range(len(runs)))
        elsewhere = [run for at, run in enumerate(runs) if at not in borders]
        assert max(runs[at] for at in borders) <= max(elsewhere)


def longest_run(line: NDArray[np.bool_]) -> int:
    """The most true values in a row."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], line, [0]]).astype(int)))
    return int(np.max(ends[1::2] - ends[::2], initial=0))


def test_a_session_finds_the_same_objects_either_way(tmp_path: Path) -> None:
    image = (discs(200, 240, 9, 5) > 0) * 150 + np.random.default_rng(0).integers(0, 50, (200, 240))
    session = Session.open(image.astype(np.uint8), cache_dir=False, tile_size=96)
    assert len(session.tiles()) > 4
    list(session.segment_everything())
    painted = session.labels.copy()
    steps = list(session.segment_mosaic(tmp_path / "t"))
    assert steps[-1].done == steps[-1].total == len(steps)
    assert painted.max() > 5
    assert same_objects(painted, session.labels[:])
    session.save(tmp_path / "labels.ome.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "labels.ome.tif"), session.labels[:])


def noise_with_a_bar() -> NDArray[np.uint8]:
    """An image of several tiles, none of which is left out as empty."""
    image = np.random.default_rng(0).integers(0, 255, (100, 200), dtype=np.uint8)
    image[40:60] = 255
    return image


def test_finished_tiles_are_not_encoded_again_unless_edited(
    tiny_model: Sam, tmp_path: Path
) -> None:
    image = noise_with_a_bar()

    def opened() -> Session:
        return Session.open(
            image, model=tiny_model, contrast=(0, 255), cache_dir=False, tile_size=64
        )

    first = opened()
    list(first.segment_mosaic(tmp_path / "t"))
    assert first.encoder.calls == len(first.tiles()) > 2
    again = opened()
    list(again.segment_mosaic(tmp_path / "t"))
    assert again.encoder.calls == 0
    np.testing.assert_array_equal(again.labels[:], first.labels[:])
    image[0, 0] += 1
    edited = opened()
    list(edited.segment_mosaic(tmp_path / "t"))
    assert edited.encoder.calls == 1


def test_tiles_of_one_precision_are_not_mixed_with_those_of_another(
    tiny_model: Sam, tmp_path: Path
) -> None:
    image = noise_with_a_bar()

    def opened(precision: str) -> Session:
        options = {"contrast": (0, 255), "cache_dir": False, "tile_size": 64}
        return Session.open(image, model=deepcopy(tiny_model), precision=precision, **options)

    for step in opened("fp32").segment_mosaic(tmp_path / "t"):
        if step.done == 2:
            break
    resumed, afresh = opened("bf16"), opened("bf16")
    list(resumed.segment_mosaic(tmp_path / "t"))
    list(afresh.segment_mosaic(tmp_path / "u"))
    assert resumed.encoder.calls == afresh.encoder.calls == len(afresh.tiles())
    np.testing.assert_array_equal(resumed.labels[:], afresh.labels[:])
    np.testing.assert_array_equal(
        [*resumed.labels.scores.values()], [*afresh.labels.scores.values()]
    )


def test_tiles_of_background_are_counted_and_not_encoded(tiny_model: Sam, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(20, 30, (150, 150), dtype=np.uint8)
    image[60:75, 130:145] += 40  # reaches two of nine tiles

    def opened() -> Session:
        return Session.open(
            image, model=tiny_model, contrast=(0, 255), cache_dir=False, tile_size=64
        )

    session, thorough = opened(), opened()
    assert len(session.tiles()) == 9
    list(session.segment_mosaic(tmp_path / "t"))
    assert (session.labels.skipped, session.labels.tiles) == (7, 9)
    assert session.encoder.calls == 2
    list(thorough.segment_mosaic(tmp_path / "t", skip_empty=False))  # begins anew
    assert (thorough.labels.skipped, thorough.encoder.calls) == (0, 9)
    again = opened()
    list(again.segment_mosaic(tmp_path / "t2"))
    resumed = opened()
    list(resumed.segment_mosaic(tmp_path / "t2"))
    assert (resumed.labels.skipped, resumed.encoder.calls) == (7, 0)
    np.testing.assert_array_equal(resumed.labels[:], session.labels[:])


# --- killed ----------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def command(image: Path, output: Path) -> list[str]:
    words = "segment", str(image), "-o", str(output), "--no-cache", "--json"
    options = "--quick", "--no-skip-empty"  # an empty tile would be over before it can be killed
    return [sys.executable, "-c", "from napari_sam.cli import main; main()", *words, *options]


@pytest.mark.long
def test_a_killed_run_goes_on_and_writes_the_same_bytes(tmp_path: Path) -> None:
    field = np.random.default_rng(1).integers(0, 60, (1300, 2600), dtype=np.uint8)
    field[:260, :260] += (discs(260, 260, 14, 3) > 0).astype(np.uint8) * 150
    field[1000:1260, 800:1060] += (discs(260, 260, 14, 4) > 0).astype(np.uint8) * 150
    image = tmp_path / "field.tif"
    tifffile.imwrite(image, field, tile=(256, 256))
    undisturbed, disturbed = tmp_path / "a" / "l.ome.zarr", tmp_path / "b" / "l.ome.zarr"
    for output in (undisturbed, disturbed):
        output.parent.mkdir()
    done = subprocess.run(command(image, undisturbed), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["objects"] > 5
    assert not tile_folder_of(undisturbed).exists()

    tiles = tile_folder_of(disturbed)
    finished: dict[str, int] = {}
    for wanted in (1, 3):  # killed twice, at a moment nobody chose
        process = subprocess.Popen(command(image, disturbed), stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(tiles.glob("*.npz"))) < wanted:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not disturbed.exists()
        now = {p.name: p.stat().st_mtime_ns for p in tiles.glob("*.npz")}
        assert len(now) >= wanted
        assert finished.items() <= now.items()  # nothing was done again
        finished = now
    subprocess.run(command(image, disturbed), capture_output=True, check=True)
    assert contents(disturbed) == contents(undisturbed)
    assert not tiles.exists()


def test_scores_of_a_mosaic_are_read_by_label_and_not_changed(tmp_path: Path) -> None:
    truth = discs(120, 150, 7, 3)
    mosaic = mosaic_of(truth, TileGrid(120, 150, 64, 12), tmp_path / "t")
    assert len(mosaic.scores) == mosaic.count > 5
    assert list(mosaic.scores) == sorted(set(np.unique(mosaic[:]).tolist()) - {0})
    assert all(0 < score <= 1 for score in mosaic.scores.values())
    for label in (0, -1, mosaic.count + 1):
        assert label not in mosaic.scores
        with pytest.raises(KeyError):
            mosaic.scores[label]
    with pytest.raises(LabelError, match="cannot be changed"):
        mosaic.scores[1] = 0.5
    with pytest.raises(LabelError, match="cannot be changed"):
        del mosaic.scores[1]
