"""LabelBook: painting, undo and files of the labels of one image, without a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam.errors import LabelError
from napari_sam.image.volume import Volume
from napari_sam.labels.label_book import LabelBook
from napari_sam.masks.mask import Mask


@dataclass(frozen=True)
class Step:
    """A step of a long operation."""

    masks: Mapping[int, Mask]


def square(plane: tuple[int, ...], y0: int = 2, score: float = 2.0) -> Mask:
    return Mask(plane, (y0, 3, y0 + 4, 7), np.ones((4, 4), bool), 0.9, score)


@pytest.fixture
def book() -> LabelBook:
    return LabelBook(Volume.from_array(np.zeros((3, 20, 24), np.uint8), axes="TYX"))


def test_new_objects_are_one_step_on_free_pixels(book: LabelBook) -> None:
    book.paint_new([square((0,)), square((0,), y0=4)])
    assert np.unique(book.labels).tolist() == [0, 1, 2]
    assert np.count_nonzero(book.labels == 2) == 8
    book.undo()
    assert not book.labels.any()
    assert book.undo() == ()
    book.redo()
    assert book.next_label == 3


def test_the_score_of_an_object_is_the_least_of_its_planes(book: LabelBook) -> None:
    masks = [square((0,), score=3.0), square((1,), score=0.0), square((2,), score=3.0)]
    for _ in book.paint_steps(Step({5: mask}) for mask in masks):
        pass
    assert book.scores == {5: masks[1].confidence}
    book.paint(masks[0], 5)
    assert book.scores == {5: masks[0].confidence}


def test_an_undo_in_between_begins_a_new_step(book: LabelBook) -> None:
    steps = book.paint_steps(Step({1: square((t,))}) for t in range(3))
    next(steps)
    book.undo()
    list(steps)
    assert [book.labels[t].any() for t in range(3)] == [False, True, True]
    book.undo()
    assert not book.labels.any()


def test_reserved_labels_go_to_no_new_object(book: LabelBook) -> None:
    book.reserve([7, 4])
    book.paint(square((0,)))
    assert np.unique(book.labels).tolist() == [0, 8]
    with pytest.raises(LabelError, match="label 0 is the background"):
        book.reserve([0])


@pytest.mark.parametrize("name", ["cells.csv", "cells.geff", "cells.ome.tif", "cells.ome.zarr"])
def test_the_suffix_says_what_is_saved(book: LabelBook, tmp_path: Path, name: str) -> None:
    book.paint(square((0,)), 3)
    assert book.save(tmp_path / name) == [tmp_path / name]
    assert (tmp_path / name).exists()
    if name.endswith(".csv"):
        header = "label,parent,t,y,x"
        assert (tmp_path / name).read_text().splitlines() == [header, "3,,0,3.5,4.5"]
    if name.endswith(".tif"):
        assert (tifffile.imread(tmp_path / name) == book.labels).all()


def test_tracks_need_a_time_axis(tmp_path: Path) -> None:
    book = LabelBook(Volume.from_array(np.zeros((20, 24), np.uint8)))
    with pytest.raises(LabelError, match="no time axis"):
        book.save(tmp_path / "tracks.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [np.array, zarr.array])
def test_labels_may_lack_axes_of_length_one(kind) -> None:
    book = LabelBook(Volume.from_array(np.zeros((1, 3, 8, 9), np.uint8), axes="TZYX"))
    labels = kind(np.zeros((3, 8, 9), np.uint16))
    book.labels = labels
    pixels = np.ones((2, 2), bool)
    book.paint(Mask((0, 1), (2, 3, 4, 5), pixels, 0.9, 3.0))
    assert book.labels.shape == (1, 3, 8, 9)
    assert np.asarray(labels[1])[2:4, 3:5].tolist() == [[1, 1], [1, 1]]
    book.undo()
    assert not np.asarray(labels[:]).any()
