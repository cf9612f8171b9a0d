"""Identities: equal for equal content, cheap for large files, and different after an edit."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_sam.image.read import read_image
from napari_sam.image.volume import Volume
from napari_sam.recipe import identity
from napari_sam.recipe.identity import (
    identify_file,
    identify_image,
    is_same_image,
    label_digest,
)


def test_a_small_file_is_known_by_all_of_its_bytes(tmp_path: Path) -> None:
    content = bytearray(np.random.default_rng(0).bytes(100_000))
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    first = identify_file(path, "image")
    assert (first.bytes, first.digest[:7]) == (100_000, "xxh128:")
    moved = path.rename(tmp_path / "b.csv")
    assert identify_file(moved, "image").digest == first.digest
    content[50_001] ^= 1
    moved.write_bytes(content)
    assert identify_file(moved, "image").digest != first.digest


def test_a_large_file_is_known_by_pieces_up_to_both_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "MOST_BYTES", 6400)
    content = bytearray(np.random.default_rng(0).bytes(1_000_000))
    path = tmp_path / "a.csv"

    def digest() -> str:
        path.write_bytes(content)
        return identify_file(path, "image").digest

    first = digest()
    assert first.startswith("xxh128-parts:")
    for place in (0, 99, 999_999):
        content[place] ^= 1
        assert digest() != first
        content[place] ^= 1
    assert digest() == first
    content.append(0)
    assert digest() != first


def test_a_zarr_is_known_by_its_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 999, (64, 640)).astype(np.uint16)
    for name, chunks in (("a.zarr", (32, 32)), ("b.zarr", (64, 64))):
        zarr.create_array(tmp_path / name, data=pixels, chunks=chunks)
    volumes = [read_image(tmp_path / name) for name in ("a.zarr", "b.zarr")]
    first, other = map(identify_image, volumes)
    assert first.digest == other.digest  # of all pixels, whatever the chunks
    assert first.digest.startswith("xxh128-pixels:")
    assert first.digest == identify_image(Volume.from_array(pixels)).digest
    assert identify_image(Volume.from_array(pixels)).path == ""
    monkeypatch.setattr(identity, "MOST_BYTES", 4096)
    sampled = identify_image(volumes[0])
    assert sampled.digest != first.digest
    assert is_same_image(volumes[0], sampled)
    array = zarr.open_array(tmp_path / "a.zarr")
    array[-1, -1] += 1  # the last chunk is one of the samples
    assert not is_same_image(read_image(tmp_path / "a.zarr"), sampled)


def test_labels_are_equal_whatever_their_type() -> None:
    labels = np.arange(6).reshape(2, 3)
    assert label_digest(labels.astype(np.uint16)) == label_digest(labels.astype(">u4"))
    assert label_digest(labels) != label_digest(labels.reshape(3, 2))
    assert label_digest(labels) != label_digest(labels + 1)
