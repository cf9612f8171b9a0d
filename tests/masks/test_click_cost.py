"""Cost of a click, in numbers that do not depend on the machine."""

import os
from pathlib import Path

import numpy as np
import pytest
import zarr

from benchmarks.click_counts import Counts, counted
from napari_sam import Session
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model

SIDE = 512  # pixels of the tile
NUCLEUS, CELL = (150, 150), (350, 350)  # 20 px, and 56 px in diameter
WINDOW = 16 * 16  # tokens
CLOSE_UP = 16 * 16  # tokens


@pytest.fixture(scope="module")
def model() -> Sam:
    return load_model("cells-tiny", "cpu")


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    image = np.random.default_rng(0).integers(20, 50, (SIDE, SIDE), np.uint8)
    for (cy, cx), radius in ((NUCLEUS, 10), (CELL, 28)):
        image[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] += 130
    return image


def click(session: Session, at: tuple[int, int], *more: tuple[int, int]) -> Counts:
    """Work of a click, with background clicks that correct it."""
    with counted() as counts:
        mask = session.predict(points=[at, *more], point_labels=[1, *(0 for _ in more)])
    assert mask.area > 100
    return counts


def test_a_click_decodes_a_window_and_digests_nothing_twice(model: Sam, pixels: np.ndarray) -> None:
    volume = Volume.from_array(pixels, revision=lambda: 0)
    session = Session.open(volume, model=model, contrast=(0, 255), cache_dir=False)
    first = click(session, NUCLEUS)
    assert first.encoded == 2  # the tile and a close-up
    assert first.decoded == 3 * WINDOW + 2 * CLOSE_UP  # with the model's own prompts
    assert first.digested == SIDE**2 + 128**2
    again = click(session, NUCLEUS)
    assert (again.encoded, again.digested) == (0, 0)
    assert again.decoded == first.decoded
    assert again.read < 100  # a row of the object
    beside = (NUCLEUS[0], NUCLEUS[1] + 16)
    correction = click(session, NUCLEUS, beside)
    assert (correction.encoded, correction.digested) == (0, 0)
    assert correction.decoded == WINDOW + CLOSE_UP
    new = click(session, CELL)  # too large for a close-up
    assert (new.encoded, new.digested) == (0, 0)
    assert new.decoded == 3 * WINDOW


def test_an_array_in_memory_is_compared_at_each_click(model: Sam, pixels: np.ndarray) -> None:
    image = pixels.copy()
    session = Session.open(image, model=model, contrast=(0, 255), cache_dir=False)
    click(session, CELL)
    again = click(session, CELL)
    assert (again.encoded, again.digested) == (0, SIDE**2)
    image[0, 0] += 1
    assert click(session, CELL).encoded == 1


def test_a_revision_says_that_the_image_was_painted_into(model: Sam, pixels: np.ndarray) -> None:
    revision, image = [0], pixels.copy()
    volume = Volume.from_array(image, revision=lambda: revision[0])
    session = Session.open(volume, model=model, contrast=(0, 255), cache_dir=False)
    click(session, CELL)
    revision[0] += 1
    assert click(session, CELL).encoded == 0  # nothing was painted after all
    image[0, 0] += 1
    revision[0] += 1
    assert click(session, CELL).encoded == 1


def test_a_file_is_digested_again_only_after_it_changed(
    model: Sam, pixels: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "nuclei.npy"
    np.save(path, pixels)
    os.utime(path, (1e9, 1e9))
    session = Session.open(path, model=model, contrast=(0, 255), cache_dir=False)
    click(session, CELL)
    assert click(session, CELL).digested == 0
    changed = np.load(path, mmap_mode="r+")
    changed[0, 0] += 1
    changed.flush()
    os.utime(path)  # now: too near to tell a later change from this one
    assert click(session, CELL).encoded == 1
    assert click(session, CELL).digested == SIDE**2
    os.utime(path, (1.1e9, 1.1e9))
    click(session, CELL)
    assert click(session, CELL).digested == 0


def test_a_zarr_is_digested_again_only_where_it_changed(
    model: Sam, pixels: np.ndarray, tmp_path: Path
) -> None:
    wide = np.concatenate([pixels, pixels], axis=1)
    image = zarr.create_array(
        tmp_path / "nuclei.zarr", shape=wide.shape, chunks=(128, 128), dtype="u1"
    )
    image[:] = wide

    def age(seconds: float) -> None:
        for path in (tmp_path / "nuclei.zarr").rglob("*"):
            os.utime(path, (seconds, seconds))

    age(1e9)
    session = Session.open(
        tmp_path / "nuclei.zarr", model=model, contrast=(0, 255), cache_dir=False, tile_size=SIDE
    )
    assert len(session.tiles()) == 3
    click(session, CELL)
    again = click(session, CELL)
    assert (again.encoded, again.digested) == (0, 0)
    image[0, 0] = image[0, 0] + 1
    changed = click(session, CELL)
    assert (changed.encoded, changed.digested) == (1, SIDE**2)
    age(1.1e9)
    click(session, CELL)
    image[0, -1] = image[0, -1] + 1  # in another tile
    elsewhere = click(session, CELL)
    assert (elsewhere.encoded, elsewhere.digested) == (0, 0)
