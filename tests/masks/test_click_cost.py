"""Cost of a click, in numbers that do not depend on the machine."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from napari_sam import Session
from napari_sam.embeddings import tile_reader
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model

SIDE = 512  # pixels of the tile
NUCLEUS, CELL = (150, 150), (350, 350)  # 20 px, and 56 px in diameter
WINDOW = 16 * 16  # tokens
CLOSE_UP = 16 * 16  # tokens


@dataclass
class Cost:
    """Sums since the last :meth:`Costs.of`."""

    encoder_calls: int = 0
    decoded_tokens: int = 0
    bytes_read: int = 0
    bytes_digested: int = 0


class CountedImage:
    """An image that is read by slicing, and counts the bytes that are read."""

    def __init__(self, pixels: np.ndarray, cost: Cost) -> None:
        self.pixels, self.cost = pixels, cost
        self.shape, self.dtype = pixels.shape, pixels.dtype

    def __getitem__(self, index: Any) -> np.ndarray:
        part = self.pixels[index]
        self.cost.bytes_read += part.nbytes
        return part


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


@pytest.fixture
def cost(model: Sam, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cost]:
    """Counters around the decoder and the digest, which work as ever."""
    cost = Cost()

    def decoded(module: object, inputs: tuple[Any, ...], prediction: Any) -> None:
        objects = prediction.iou_predictions.shape[1]
        cost.decoded_tokens += objects * inputs[0].tokens.tokens.shape[2]

    def digested(
        pixels: np.ndarray, digest: Callable[..., bytes] = tile_reader.digest_pixels
    ) -> bytes:
        cost.bytes_digested += pixels.nbytes
        return digest(pixels)

    monkeypatch.setattr(tile_reader, "digest_pixels", digested)
    hook = model.mask_decoder.register_forward_hook(decoded)
    yield cost
    hook.remove()


def click(session: Session, cost: Cost, at: tuple[int, int], *more: tuple[int, int]) -> Cost:
    """Cost of a click, with background clicks that correct it."""
    calls = session.encoder.calls
    cost.decoded_tokens = cost.bytes_read = cost.bytes_digested = 0
    mask = session.predict(points=[at, *more], point_labels=[1, *(0 for _ in more)])
    assert mask.area > 100
    return Cost(
        session.encoder.calls - calls, cost.decoded_tokens, cost.bytes_read, cost.bytes_digested
    )


def test_a_click_decodes_a_window_and_digests_nothing_twice(
    model: Sam, pixels: np.ndarray, cost: Cost
) -> None:
    volume = Volume.from_array(CountedImage(pixels, cost), revision=lambda: 0)
    session = Session.open(volume, model=model, contrast=(0, 255), cache_dir=False)
    first = click(session, cost, NUCLEUS)
    assert first.encoder_calls == 2  # the tile and a close-up
    assert first.decoded_tokens == WINDOW + CLOSE_UP
    assert first.bytes_digested == SIDE**2 + 128**2
    again = click(session, cost, NUCLEUS)
    assert (again.encoder_calls, again.bytes_digested) == (0, 0)
    assert again.decoded_tokens == WINDOW + CLOSE_UP
    assert again.bytes_read < 100  # a row of the object
    beside = (NUCLEUS[0], NUCLEUS[1] + 16)
    correction = click(session, cost, NUCLEUS, beside)
    assert (correction.encoder_calls, correction.bytes_digested) == (0, 0)
    assert correction.decoded_tokens == WINDOW + CLOSE_UP
    new = click(session, cost, CELL)  # too large for a close-up
    assert (new.encoder_calls, new.bytes_digested) == (0, 0)
    assert new.decoded_tokens == WINDOW


def test_an_array_in_memory_is_compared_at_each_click(
    model: Sam, pixels: np.ndarray, cost: Cost
) -> None:
    image = pixels.copy()
    session = Session.open(image, model=model, contrast=(0, 255), cache_dir=False)
    click(session, cost, CELL)
    again = click(session, cost, CELL)
    assert (again.encoder_calls, again.bytes_digested) == (0, SIDE**2)
    image[0, 0] += 1
    assert click(session, cost, CELL).encoder_calls == 1


def test_a_revision_says_that_the_image_was_painted_into(
    model: Sam, pixels: np.ndarray, cost: Cost
) -> None:
    revision, image = [0], pixels.copy()
    volume = Volume.from_array(image, revision=lambda: revision[0])
    session = Session.open(volume, model=model, contrast=(0, 255), cache_dir=False)
    click(session, cost, CELL)
    revision[0] += 1
    assert click(session, cost, CELL).encoder_calls == 0  # nothing was painted after all
    image[0, 0] += 1
    revision[0] += 1
    assert click(session, cost, CELL).encoder_calls == 1


def test_a_file_is_digested_again_only_after_it_changed(
    model: Sam, pixels: np.ndarray, cost: Cost, tmp_path: Path
) -> None:
    path = tmp_path / "nuclei.npy"
    np.save(path, pixels)
    os.utime(path, (1e9, 1e9))
    session = Session.open(path, model=model, contrast=(0, 255), cache_dir=False)
    click(session, cost, CELL)
    assert click(session, cost, CELL).bytes_digested == 0
    changed = np.load(path, mmap_mode="r+")
    changed[0, 0] += 1
    changed.flush()
    os.utime(path)  # now: too near to tell a later change from this one
    assert click(session, cost, CELL).encoder_calls == 1
    assert click(session, cost, CELL).bytes_digested == SIDE**2
    os.utime(path, (1.1e9, 1.1e9))
    click(session, cost, CELL)
    assert click(session, cost, CELL).bytes_digested == 0


def test_a_zarr_is_digested_again_only_where_it_changed(
    model: Sam, pixels: np.ndarray, cost: Cost, tmp_path: Path
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
    click(session, cost, CELL)
    again = click(session, cost, CELL)
    assert (again.encoder_calls, again.bytes_digested) == (0, 0)
    image[0, 0] = image[0, 0] + 1
    changed = click(session, cost, CELL)
    assert (changed.encoder_calls, changed.bytes_digested) == (1, SIDE**2)
    age(1.1e9)
    click(session, cost, CELL)
    image[0, -1] = image[0, -1] + 1  # in another tile
    elsewhere = click(session, cost, CELL)
    assert (elsewhere.encoder_calls, elsewhere.bytes_digested) == (0, 0)
