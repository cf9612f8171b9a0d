"""Interactive: what a window asks of a session while its user waits."""

from pathlib import Path

import numpy as np
import pytest

from napari_sam import PointPrompt, Session
from napari_sam.model.sam import Sam


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (2, 60, 80), np.uint8)


def test_a_tile_is_encoded_once_and_given_up_without_a_trace(
    image: np.ndarray, tiny_model: Sam
) -> None:
    session = Session.open(image, model=tiny_model, cache_dir=False)
    interactive, (first, second) = session.interactive, session.tiles()
    assert interactive.encode_tile(first, give_up=lambda: True) is None
    assert interactive.tiles_in_memory() == ()
    assert interactive.encode_tile(first) is True
    assert interactive.encode_tile(first) is False
    assert interactive.encode_tile(first, give_up=lambda: True) is False  # needs no model
    assert interactive.tiles_in_memory() == (first,)
    assert interactive.encode_tile(second) is True
    assert session.encoder.calls == 2


def test_there_is_more_room_on_disk(image: np.ndarray, tiny_model: Sam, tmp_path: Path) -> None:
    in_memory = Session.open(image, model=tiny_model, cache_dir=False).interactive
    on_disk = Session.open(image, model=tiny_model, cache_dir=tmp_path).interactive
    assert 0 < in_memory.room < on_disk.room
    assert in_memory.tiles_in_memory() == ()
    assert on_disk.tiles_in_memory() is None


def test_writing_waits_until_the_answer_is_there(
    image: np.ndarray, tiny_model: Sam, tmp_path: Path
) -> None:
    session = Session.open(image, model=tiny_model, cache_dir=tmp_path)
    session.interactive.write_later = True
    list(session.interactive.encode_for({1: [PointPrompt((1, 30, 40))]}))
    assert session.encoder.cache.info().tiles_done == 0
    session.interactive.write_later = False
    assert session.encoder.cache.info().tiles_done == 1
    assert session.interactive.write_later is False


def test_a_tile_that_is_on_disk_is_read_only_to_be_kept(
    image: np.ndarray, tiny_model: Sam, tmp_path: Path
) -> None:
    (tile, _) = Session.open(image, model=tiny_model, cache_dir=tmp_path).tiles()
    Session.open(image, model=tiny_model, cache_dir=tmp_path).interactive.encode_tile(tile)
    session = Session.open(image, model=tiny_model, cache_dir=tmp_path)
    assert session.interactive.encode_tile(tile, keep=False) is False
    assert session.encoder.in_memory() == ()
    assert session.interactive.encode_tile(tile) is False
    assert session.encoder.in_memory() == (tile,)
    assert session.encoder.calls == 0
