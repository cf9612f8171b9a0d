"""Embeddings on disk: exact, never wrong, within the budget, and only in our own folder."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as numpy_arrays

from napari_sam.embeddings import (
    CacheSpec,
    EmbeddingCache,
    as_stored,
    byte_budget,
    cache_info,
    clear_cache,
    default_root,
    digest_pixels,
    prune_cache,
    verify_cache,
)
from napari_sam.embeddings.quantised import Quantised
from napari_sam.errors import CacheError

SPEC = CacheSpec(
    image="/data/My Embryo.ome.tif",
    model="cells-tiny",
    weights_hash="0123",
    intensity="0-255",
    tile_size=1024,
    overlap=192,
    grid_shape=(5, 2, 3),
    arrays={"image_embedding": (4, 8, 8), "high_res_features_0": (2, 32, 32)},
)
TILE = (4, 1, 2)


def embedding(seed: int, spec: CacheSpec = SPEC) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {n: rng.normal(size=shape).astype(np.float16) for n, shape in spec.arrays.items()}


def digest(seed: int) -> bytes:
    return digest_pixels(np.full((4, 4, 3), seed, np.float32))


def same(one: Mapping[str, Quantised] | None, other: Mapping[str, np.ndarray | Quantised]) -> bool:
    """Whether features are those of another embedding, rounded as the cache rounds."""
    return one is not None and all(
        np.array_equal(one[name].codes, as_stored(other[name]).codes)
        and np.array_equal(one[name].scales, as_stored(other[name]).scales)
        for name in other
    )


def files_of(cache: EmbeddingCache, index: tuple[int, ...]) -> dict[str, Path]:
    """The files of one tile, by array: what a disk error would hit."""
    start = "c." + ".".join(map(str, index)) + "."
    return {
        path.parent.name: path for path in cache.path.glob("*/c.*") if path.name.startswith(start)
    }


@pytest.fixture
def cache(tmp_path: Path) -> EmbeddingCache:
    cache = EmbeddingCache(tmp_path / "cache", SPEC)
    cache.put(TILE, digest(1), embedding(1))
    return cache


# --- what goes in comes out ---------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    values=numpy_arrays(np.float32, (2, 3, 5), elements=st.floats(-(2.0**50), 2.0**50, width=32)),
    index=st.tuples(st.integers(0, 4), st.integers(0, 1), st.integers(0, 2)),
)
def test_rounded_features_come_back_bit_for_bit(tmp_path_factory, values, index) -> None:
    spec = replace(SPEC, arrays={"image_embedding": (2, 3, 5)})
    root = tmp_path_factory.getbasetemp() / "round-trip"
    assert EmbeddingCache(root, spec).put(index, digest(7), {"image_embedding": values})
    again = EmbeddingCache(root, spec).get(index, digest(7))
    assert same(again, {"image_embedding": values})
    rounded = np.asarray(as_stored(values))
    assert np.array_equal(np.asarray(again["image_embedding"]), rounded)


def test_float32_is_rounded_as_the_caller_can_round_it(cache: EmbeddingCache) -> None:
    fresh = {n: v.astype(np.float32) / 3 for n, v in embedding(2).items()}
    cache.put((0, 0, 0), digest(2), fresh)
    assert same(cache.get((0, 0, 0), digest(2)), {n: as_stored(v) for n, v in fresh.items()})


def test_a_tile_of_zeros_is_not_taken_for_a_missing_one(cache: EmbeddingCache) -> None:
    zeros = {name: np.zeros(shape, np.float16) for name, shape in SPEC.arrays.items()}
    cache.put((0, 0, 0), digest(0), zeros)
    assert same(cache.get((0, 0, 0), digest(0)), zeros)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_not_kept(cache: EmbeddingCache, bad: float) -> None:
    broken = embedding(1)
    broken["image_embedding"][0, 0, 0] = bad
    assert not cache.put((0, 0, 0), digest(1), broken)
    assert cache.get((0, 0, 0), digest(1)) is None
    assert cache.writable


def test_missing_tiles_are_those_never_computed(cache: EmbeddingCache) -> None:
    assert cache.missing([(0, 0, 0), TILE, (1, 1, 1)]) == [(0, 0, 0), (1, 1, 1)]
    assert cache.get((0, 0, 0), digest(1)) is None


@pytest.mark.parametrize("index", [(5, 0, 0), (0, 0, -1), (0, 0), (0, 0, 0, 0)])
def test_a_tile_outside_the_grid_is_refused(cache: EmbeddingCache, index) -> None:
    with pytest.raises(IndexError, match=r"in a grid of \(5, 2, 3\)"):
        cache.get(index, digest(1))
    with pytest.raises(IndexError, match=r"in a grid of \(5, 2, 3\)"):
        cache.put(index, digest(1), embedding(1))


def test_arrays_of_another_model_are_refused(cache: EmbeddingCache) -> None:
    wrong = embedding(1) | {"image_embedding": np.zeros((4, 8, 9), np.float16)}
    with pytest.raises(ValueError, match="not those"):
        cache.put(TILE, digest(1), wrong)
    with pytest.raises(ValueError, match="not those"):
        cache.put(TILE, digest(1), {"image_embedding": np.zeros((4, 8, 8), np.float16)})
    assert same(cache.get(TILE, digest(1)), embedding(1))


# --- edited pixels ------------------------------------------------------------------------------


def test_edited_pixels_recompute_only_their_tile(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "cache", SPEC)
    indices = list(np.ndindex(SPEC.grid_shape))
    pixels = {i: np.full((16, 16, 3), n, np.float32) for n, i in enumerate(indices)}
    for seed, index in enumerate(indices):
        cache.put(index, digest_pixels(pixels[index]), embedding(seed))
    pixels[TILE][7, 7, 1] += 1
    misses = [i for i in indices if cache.get(i, digest_pixels(pixels[i])) is None]
    assert misses == [TILE]
    cache.put(TILE, digest_pixels(pixels[TILE]), embedding(99))
    assert same(cache.get(TILE, digest_pixels(pixels[TILE])), embedding(99))


def test_digest_depends_on_values_shape_and_type_but_not_on_memory_order() -> None:
    pixels = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    assert digest_pixels(np.asfortranarray(pixels)) == digest_pixels(pixels)
    others = [pixels + 1e-6 * (pixels == 5), pixels.reshape(4, 2, 3), pixels.view(np.int32)]
    assert len({digest_pixels(other) for other in [pixels, *others]}) == 4


@pytest.mark.parametrize(
    "field",
    [
        {"image": "/data/other.tif"},
        {"model": "sam2-tiny"},
        {"weights_hash": "4567"},
        {"intensity": "3-99"},
        {"tile_size": 512},
        {"overlap": 64},
        {"grid_shape": (5, 3, 3)},
        {"version": 1},
    ],
)
def test_nothing_is_shared_between_images_models_and_settings(
    cache: EmbeddingCache, field: dict
) -> None:
    other = EmbeddingCache(cache.root, replace(SPEC, **field))
    assert other.get(TILE, digest(1)) is None
    other.put(TILE, digest(1), embedding(2))
    assert same(cache.get(TILE, digest(1)), embedding(1))
    assert same(other.get(TILE, digest(1)), embedding(2))


# --- damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("array", ["image_embedding", "high_res_features_0", "scales", "digest"])
@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 100, -1])
def test_a_torn_file_is_recomputed(cache: EmbeddingCache, array: str, length: int) -> None:
    path = files_of(cache, TILE)[array]
    os.truncate(path, min(length % path.stat().st_size, path.stat().st_size - 1))
    assert cache.get(TILE, digest(1)) is None
    assert cache.missing([TILE]) == [TILE]
    cache.put(TILE, digest(1), embedding(1))
    assert same(cache.get(TILE, digest(1)), embedding(1))


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_is_never_decoded(tmp_path_factory, data) -> None:
    cache = EmbeddingCache(tmp_path_factory.mktemp("flip"), SPEC)
    cache.put(TILE, digest(1), embedding(1))
    path = data.draw(st.sampled_from(sorted(files_of(cache, TILE).values())))
    content = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    assert cache.get(TILE, digest(1)) is None


@pytest.mark.parametrize("array", ["image_embedding", "high_res_features_0", "scales"])
def test_a_deleted_data_file_is_recomputed(cache: EmbeddingCache, array: str) -> None:
    files_of(cache, TILE)[array].unlink()
    assert cache.get(TILE, digest(1)) is None


def test_arrays_of_two_runs_are_never_combined(cache: EmbeddingCache) -> None:
    cache.put((0, 0, 0), digest(1), embedding(2))
    mine, other = files_of(cache, TILE), files_of(cache, (0, 0, 0))
    mine["image_embedding"].write_bytes(other["image_embedding"].read_bytes())
    assert cache.get(TILE, digest(1)) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"zarr_format": 3}', "null"])
@pytest.mark.parametrize("where", ["zarr.json", "digest/zarr.json", "image_embedding/zarr.json"])
def test_damaged_metadata_starts_the_group_again(
    cache: EmbeddingCache, where: str, text: str
) -> None:
    (cache.path / where).write_text(text)
    again = EmbeddingCache(cache.root, SPEC)
    assert again.get(TILE, digest(1)) is None
    assert again.put(TILE, digest(1), embedding(1))
    assert same(again.get(TILE, digest(1)), embedding(1))
    assert len(cache_info(cache.root)) == 1


def test_metadata_of_another_layout_starts_the_group_again(cache: EmbeddingCache) -> None:
    path = cache.path / "image_embedding" / "zarr.json"
    metadata = json.loads(path.read_text())
    metadata["chunk_grid"]["configuration"]["chunk_shape"] = [1, 1, 1, 4, 8, 4]
    path.write_text(json.dumps(metadata))
    again = EmbeddingCache(cache.root, SPEC)
    assert again.get(TILE, digest(1)) is None
    again.put(TILE, digest(1), embedding(1))
    assert same(EmbeddingCache(cache.root, SPEC).get(TILE, digest(1)), embedding(1))


@pytest.mark.parametrize(
    ("array", "field", "value"),
    [
        ("image_embedding", "shape", [5, 2, 3, 4, 8, 7]),
        ("image_embedding", "data_type", "float64"),
        ("digest", "data_type", "int64"),
        ("digest", "chunk_key_encoding", {"name": "default", "configuration": {"separator": "/"}}),
        ("image_embedding", "codecs", [{"name": "bytes"}, {"name": "sharding_indexed"}]),
    ],
)
def test_an_array_of_another_kind_starts_the_group_again(
    cache: EmbeddingCache, array: str, field: str, value: object
) -> None:
    path = cache.path / array / "zarr.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    again = EmbeddingCache(cache.root, SPEC)
    assert again.get(TILE, digest(1)) is None
    assert again.put(TILE, digest(1), embedding(1))
    assert same(EmbeddingCache(cache.root, SPEC).get(TILE, digest(1)), embedding(1))


@pytest.mark.parametrize(
    "change",
    [
        {"grid_shape": None},
        {"grid_shape": []},
        {"grid_shape": [5, "x", 3]},
        {"grid_shape": [-5, 2, 3]},
        {"arrays": []},
        {"arrays": {"image_embedding": [4, float("inf")]}},
        {"image": 3},
        {"model": ["cells-tiny"]},
    ],
)
def test_a_group_without_its_facts_counts_as_damaged(
    cache: EmbeddingCache, tmp_path: Path, change: dict[str, object]
) -> None:
    path = cache.path / "zarr.json"
    metadata = json.loads(path.read_text())
    metadata["attributes"]["napari_sam_cache"] |= change
    if change == {"grid_shape": None}:
        del metadata["attributes"]["napari_sam_cache"]["grid_shape"]
    path.write_text(json.dumps(metadata))
    (entry,) = cache_info(cache.root)
    assert (entry.image, entry.model, entry.intensity) == ("unknown",) * 3
    assert (entry.tiles_done, entry.tiles_total) == (0, 0)
    assert entry.bytes == sum(path.stat().st_size for path in files_of(cache, TILE).values())
    # another image needs the room
    other = EmbeddingCache(cache.root, replace(SPEC, image="other"), budget=entry.bytes)
    assert other.put(TILE, digest(2), embedding(2))
    assert same(other.get(TILE, digest(2)), embedding(2))
    assert clear_cache(cache.root) > 0
    assert cache_info(cache.root) == []


def test_a_cache_that_is_cleared_under_us_is_filled_again(cache: EmbeddingCache) -> None:
    assert clear_cache(cache.root) > 0
    assert cache.get(TILE, digest(1)) is None
    assert cache.put(TILE, digest(1), embedding(1))
    assert same(EmbeddingCache(cache.root, SPEC).get(TILE, digest(1)), embedding(1))


# --- byte budget --------------------------------------------------------------------------------


def present(cache: EmbeddingCache) -> list[tuple[int, ...]]:
    gone = set(cache.missing(np.ndindex(cache.spec.grid_shape)))
    return [index for index in np.ndindex(cache.spec.grid_shape) if index not in gone]


def test_least_recently_used_tiles_go_first_across_images(tmp_path: Path) -> None:
    spec = replace(SPEC, grid_shape=(1, 4))
    scale = EmbeddingCache(tmp_path / "scale", spec)
    scale.put((0, 0), digest(0), embedding(0))
    budget = int(4.9 * scale.info().bytes)
    tmp_path /= "cache"
    one = EmbeddingCache(tmp_path, spec, budget)
    two = EmbeddingCache(tmp_path, replace(spec, image="/data/second.tif"), budget)
    for col in range(3):
        one.put((0, col), digest(col), embedding(col))
    two.put((0, 0), digest(0), embedding(0))
    assert one.get((0, 0), digest(0)) is not None  # now the oldest is column 1
    two.put((0, 1), digest(1), embedding(1))
    assert (present(one), present(two)) == ([(0, 0), (0, 2)], [(0, 0), (0, 1)])
    two.put((0, 2), digest(2), embedding(2))
    assert (present(one), present(two)) == ([(0, 0)], [(0, 0), (0, 1), (0, 2)])
    assert sum(entry.bytes for entry in cache_info(tmp_path)) <= budget


@pytest.mark.parametrize("tiles", [3, 40])
def test_the_budget_holds_while_a_large_image_is_encoded(tmp_path: Path, tiles: int) -> None:
    spec = replace(SPEC, grid_shape=(1, 90), arrays={"image_embedding": (4, 8, 8)})
    cache = EmbeddingCache(tmp_path, spec, tiles * (spec.tile_bytes + 100))
    values = {"image_embedding": np.ones((4, 8, 8), np.float16)}
    for col in range(90):
        cache.put((0, col), digest(col), values)
        assert cache.info().bytes <= cache.budget + spec.tile_bytes
        assert (0, col) in present(cache)
    assert cache.info().bytes <= cache.budget
    assert present(cache) == [(0, col) for col in range(90 - len(present(cache)), 90)]
    assert len(present(cache)) >= tiles - max(tiles // 10, 1)


def test_a_tile_larger_than_the_budget_still_serves_its_own_process(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, SPEC, 1)
    for z in range(3):
        cache.put((z, 0, 0), digest(z), embedding(z))
        assert same(cache.get((z, 0, 0), digest(z)), embedding(z))
    assert present(cache) == [(2, 0, 0)]


def test_leftovers_of_killed_processes_are_swept(cache: EmbeddingCache) -> None:
    old = cache.path / "image_embedding" / "c.0.0.0.0.0.abc.partial"
    young = cache.path / "image_embedding" / "c.0.0.1.0.0.abc.partial"
    group = cache.root / ".half-made.zarr.abc.partial"
    group.mkdir()
    for path in (old, young, group / "zarr.json"):
        path.write_bytes(b"half")
    for path in (old, group):
        os.utime(path, (1e9, 1e9))
    EmbeddingCache(cache.root, SPEC).put((0, 0, 0), digest(0), embedding(0))
    assert [old.exists(), young.exists(), group.exists()] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "size"),
    [("20GB", 20 * 10**9), ("1.5 g", 1_500_000_000), ("500 MB", 500_000_000), ("12345", 12345)],
)
def test_budget_is_read_as_people_write_it(monkeypatch, text: str, size: int) -> None:
    assert byte_budget(text) == size
    monkeypatch.setenv("NAPARI_SAM_CACHE_BUDGET", text)
    assert byte_budget() == size
    assert byte_budget(7) == 7
    monkeypatch.delenv("NAPARI_SAM_CACHE_BUDGET")
    assert byte_budget() == 20 * 10**9


@pytest.mark.parametrize("text", ["lots", "-3", "0", "3 XB", "1e9"])
def test_a_budget_that_is_no_size_is_one_clear_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(CacheError, match=r"use a size such as 20GB") as caught:
        EmbeddingCache(tmp_path / "cache", SPEC, text)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "cache").exists()


# --- the folder ---------------------------------------------------------------------------------


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_folder_of_another_program_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"three years")
    for action in (lambda: EmbeddingCache(tmp_path, SPEC), lambda: clear_cache(tmp_path)):
        with pytest.raises(CacheError, match="another program") as caught:
            action()
        assert "\n" not in str(caught.value)
    with pytest.raises(CacheError, match="another program"):
        cache_info(tmp_path)
    assert tree(tmp_path) == {"thesis.docx": b"three years"}


def test_a_cache_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    for path in (tmp_path / "file", tmp_path / "file" / "cache"):
        with pytest.raises(CacheError, match="cannot be written") as caught:
            EmbeddingCache(path, SPEC)
        assert "\n" not in str(caught.value)
    assert tree(tmp_path) == {"file": b"mine"}


def test_a_cache_that_becomes_unwritable_complains_once_and_goes_on(cache: EmbeddingCache) -> None:
    folder = cache.path / "image_embedding"
    folder.rename(cache.root / "away")
    folder.write_bytes(b"in the way")
    with pytest.raises(CacheError, match="cannot be written"):
        cache.put((0, 0, 0), digest(0), embedding(0))
    assert not cache.put((0, 0, 1), digest(0), embedding(0))
    assert cache.get((0, 0, 0), digest(0)) is None
    folder.unlink()
    (cache.root / "away").rename(folder)
    assert same(cache.get(TILE, digest(1)), embedding(1))


def test_opening_a_cache_writes_no_embeddings(tmp_path: Path) -> None:
    EmbeddingCache(tmp_path / "new" / "cache", SPEC)
    assert set(tree(tmp_path / "new" / "cache")) == {"napari-sam-cache.txt", "CACHEDIR.TAG"}


def test_the_environment_chooses_the_folder(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NAPARI_SAM_CACHE_DIR", str(tmp_path / "chosen"))
    EmbeddingCache(None, SPEC).put(TILE, digest(1), embedding(1))
    assert default_root() == tmp_path / "chosen"
    assert [entry.path.parent for entry in cache_info()] == [tmp_path / "chosen"]
    monkeypatch.delenv("NAPARI_SAM_CACHE_DIR")
    assert default_root().parts[-2:] == ("napari-sam", "embeddings")


# --- for people and other programs ---------------------------------------------------------------


def test_another_program_can_read_the_cache(cache: EmbeddingCache) -> None:
    group = zarr.open_group(cache.path, mode="r")
    assert group.attrs["napari_sam_cache"] == {
        "image": "/data/My Embryo.ome.tif",
        "model": "cells-tiny",
        "weights_hash": "0123",
        "intensity": "0-255",
        "tile_size": 1024,
        "overlap": 192,
        "grid_shape": [5, 2, 3],
        "arrays": {"high_res_features_0": [2, 32, 32], "image_embedding": [4, 8, 8]},
        "version": 2,
        "precision": "fp32",
    }
    stored = group["image_embedding"]
    assert (stored.shape, stored.chunks) == ((5, 2, 3, 4, 8, 8), (1, 1, 1, 4, 8, 8))
    codecs = [codec["name"] for codec in stored.metadata.to_dict()["codecs"]]
    assert codecs == ["bytes", "zstd", "crc32c"]
    assert stored.metadata.dimension_names[:3] == ("plane_0", "tile_row", "tile_col")
    assert stored.attrs["description"].endswith("value = code * step + mean of the channel.")
    # of the two channels of high_res_features_0 first, then of the four of image_embedding
    mean, step = group["scales"][TILE][2:].T[..., None, None]
    values = stored[TILE] * step + mean
    np.testing.assert_allclose(values, embedding(1)["image_embedding"], rtol=0, atol=step.max() / 2)
    assert np.isnan(group["scales"][0, 0, 0]).all()
    assert group["digest"][TILE][:16].tobytes() == digest(1)


def test_info_lists_images_by_last_use(cache: EmbeddingCache) -> None:
    other = EmbeddingCache(cache.root, replace(SPEC, image="second", grid_shape=(1, 1)))
    other.put((0, 0), digest(1), embedding(1))
    cache.put((0, 0, 0), digest(1), embedding(1))
    first, second = cache_info(cache.root)
    assert (first.image, first.model) == ("/data/My Embryo.ome.tif", "cells-tiny")
    assert (first.tiles_done, first.tiles_total) == (2, 30)
    assert (second.image, second.tiles_done, second.tiles_total) == ("second", 1, 1)
    assert first.name.startswith("my-embryo-ome-tif-cells-tiny-")
    assert first.bytes == sum(p.stat().st_size for p in cache.path.glob("*/c.*"))
    assert first.last_used is not None
    assert second.last_used is not None
    assert first.last_used >= second.last_used
    assert cache.info() == first


def test_clear_takes_only_what_was_asked_for(cache: EmbeddingCache) -> None:
    for image in ("a.tif", "b.tif"):
        other = EmbeddingCache(cache.root, replace(SPEC, image=image))
        other.put(TILE, digest(1), embedding(1))
    (cache.root / "notes.txt").write_text("kept")
    assert clear_cache(cache.root, image="no such image") == 0
    assert clear_cache(cache.root, image="a.tif", model="cells-tiny") == cache.info().bytes
    assert sorted(e.image for e in cache_info(cache.root)) == ["/data/My Embryo.ome.tif", "b.tif"]
    clear_cache(cache.root)
    assert set(tree(cache.root)) == {"napari-sam-cache.txt", "CACHEDIR.TAG", "notes.txt"}


def test_prune_leaves_what_was_used_last(cache: EmbeddingCache) -> None:
    for seed in range(6):
        cache.put((seed % 5, 0, seed % 3), digest(seed), embedding(seed))
    cache.get(TILE, digest(1))  # the oldest, and now the one that was used last
    before = cache.info().bytes
    freed = prune_cache(cache.root, max_size=before // 2)
    assert cache.info().bytes == before - freed <= before // 2
    assert same(cache.get(TILE, digest(1)), embedding(1))
    assert prune_cache(cache.root, max_size="1 GB") == 0
    with pytest.raises(CacheError, match="not a cache budget"):
        prune_cache(cache.root, max_size="little")


def test_verify_finds_and_deletes_what_is_damaged(cache: EmbeddingCache) -> None:
    cache.put((0, 0, 0), digest(2), embedding(2))
    cache.put((1, 0, 0), digest(3), embedding(3))
    path = files_of(cache, (0, 0, 0))["image_embedding"]
    content = bytearray(path.read_bytes())
    content[40] ^= 4
    path.write_bytes(content)
    steps = {step.index: step.good for step in verify_cache(cache.root)}
    assert steps == {TILE: True, (0, 0, 0): False, (1, 0, 0): True}
    assert present(cache) == [(1, 0, 0), TILE]
    assert all(step.good for step in verify_cache(cache.root))
    assert same(cache.get((1, 0, 0), digest(3)), embedding(3))


def test_verify_deletes_what_cannot_be_understood(cache: EmbeddingCache) -> None:
    (cache.path / "zarr.json").write_text("{")
    steps = list(verify_cache(cache.root))
    assert {(step.image, step.good) for step in steps} == {("unknown", False)}
    assert not files_of(cache, TILE)


def test_half_floats_of_the_version_before_are_never_taken_for_codes(cache: EmbeddingCache) -> None:
    before = cache.root / replace(SPEC, version=1).group_name
    for path in (before, cache.path):  # under its own name, and, as never happens, under ours
        shutil.rmtree(path, ignore_errors=True)
        attributes = SPEC.attributes() | {"version": 1 if path == before else 2}
        zarr.create_group(path, attributes={"napari_sam_cache": attributes})
        arrays = {"digest": ((24,), "uint8")}
        arrays |= {name: (shape, "float16") for name, shape in SPEC.arrays.items()}
        for name, (shape, dtype) in arrays.items():
            array = zarr.create_array(
                path / name,
                shape=(*SPEC.grid_shape, *shape),
                chunks=(1, 1, 1, *shape),
                dtype=dtype,
                chunk_key_encoding={"name": "default", "separator": "."},
            )
            array[TILE] = np.ones(shape, dtype)
    assert EmbeddingCache(cache.root, replace(SPEC, version=1)).get(TILE, b"\1" * 16) is None
    again = EmbeddingCache(cache.root, SPEC)
    assert again.get(TILE, b"\1" * 16) is None
    assert again.put(TILE, digest(1), embedding(1))
    assert same(EmbeddingCache(cache.root, SPEC).get(TILE, digest(1)), embedding(1))
    assert {entry.path for entry in cache_info(cache.root)} == {before, cache.path}
    assert [step.good for step in verify_cache(cache.root)] == [True]


def test_an_older_version_is_left_alone_until_the_room_is_needed(cache: EmbeddingCache) -> None:
    older = EmbeddingCache(cache.root, replace(SPEC, version=1))
    older.put(TILE, digest(1), embedding(1))
    assert older.path != cache.path
    assert len(list(verify_cache(cache.root))) == 1
    assert [entry.tiles_done for entry in cache_info(cache.root)] == [1, 1]
    for path in files_of(older, TILE).values():
        os.utime(path, (1, 1))
    prune_cache(cache.root, max_size=cache.info().bytes * 3 // 2)
    assert not files_of(older, TILE)
    assert same(cache.get(TILE, digest(1)), embedding(1))


def test_no_folder_is_an_empty_cache(tmp_path: Path) -> None:
    assert cache_info(tmp_path / "none") == []
    assert clear_cache(tmp_path / "none") == 0
    assert prune_cache(tmp_path / "none", max_size=1) == 0
    assert list(verify_cache(tmp_path / "none")) == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("image", ["", "/", "名前", "C:\\Data\\x.tif", "../" * 9, "a" * 4000])
def test_any_image_name_makes_a_folder_inside_the_cache(tmp_path: Path, image: str) -> None:
    cache = EmbeddingCache(tmp_path, replace(SPEC, image=image))
    cache.put(TILE, digest(1), embedding(1))
    assert cache.path.parent == tmp_path
    assert [entry.image for entry in cache_info(tmp_path)] == [image]


@pytest.mark.parametrize(
    "field",
    [
        {"arrays": {}},
        {"arrays": {"digest": (1,)}},
        {"arrays": {"scales": (1,)}},
        {"arrays": {"../x": (1,)}},
        {"arrays": {"image_embedding": ()}},
        {"grid_shape": (3,)},
        {"grid_shape": (0, 1)},
    ],
)
def test_a_spec_that_cannot_be_stored_is_refused(field: dict) -> None:
    with pytest.raises(ValueError, match=r"array|grid"):
        replace(SPEC, **field)
