"""Objects of labels, ordered by how far the model agrees."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_sam import Session
from napari_sam.labels.label_boxes import boxes_by_label, label_boxes, largest_box
from napari_sam.learning import doubt as module
from napari_sam.learning.doubt import doubt
from tests.tiny import tiny_sam

MERGED, SHIFTED, HALF = 7, 12, 18


def cells() -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Image with 20 bright discs, and their labels."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:260, :320]
    image, labels = rng.normal(40, 6, y.shape), np.zeros(y.shape, np.uint32)
    places = [(row, col) for row in range(35, 260, 62) for col in range(35, 320, 62)]
    for label, (row, col) in enumerate(places, 1):
        inside = np.hypot(y - row - rng.integers(-4, 5), x - col - rng.integers(-4, 5)) <= 16
        image[inside] += 120
        labels[inside] = label
    return np.clip(image, 0, 255).astype(np.uint8), labels


def with_errors(labels: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The labels with two objects in one, a shifted one, and half of one."""
    wrong = labels.copy()
    wrong[wrong == MERGED + 1] = MERGED
    rows, columns = np.nonzero(labels == SHIFTED)
    wrong[rows, columns] = 0
    wrong[rows + 14, columns] = SHIFTED
    rows, columns = np.nonzero(labels == HALF)
    wrong[rows[columns > columns.mean()], columns[columns > columns.mean()]] = 0
    return wrong


def agreements(session: Session, labels: NDArray[np.uint32]) -> dict[int, float]:
    boxes = boxes_by_label(label_boxes(labels))
    steps = list(doubt(session.encoder, labels, boxes))
    assert [step.total for step in steps] == [len(boxes)] * len(steps)
    assert steps[-1].done == len(boxes)
    return {label: value for step in steps for label, value in step.agreements.items()}


def test_merged_shifted_and_half_objects_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    image, labels = cells()
    monkeypatch.setattr(module, "TOGETHER", 3)
    session = Session.open(image, cache_dir=False)
    wrong = with_errors(labels)
    by_label = agreements(session, wrong)
    assert sorted(by_label) == np.unique(wrong)[1:].tolist()
    order = sorted(by_label, key=lambda label: by_label[label])
    assert set(order[:3]) == {MERGED, SHIFTED, HALF}
    assert all(0 <= value <= 1 for value in by_label.values())
    assert by_label[order[3]] > 0.8


def test_every_plane_and_tile_has_its_objects() -> None:
    torch.manual_seed(0)
    image = np.random.default_rng(0).integers(0, 255, (3, 90, 200), np.uint8)
    labels = np.zeros(image.shape, np.uint32)
    labels[0, 5:20, 5:20], labels[2, 70:90, 180:200], labels[1, 40, 90:110] = 4, 90_000_000, 7
    labels[1, 5:30, 5:30] = 4  # its larger box
    session = Session.open(image, model=tiny_sam(), cache_dir=False, tile_size=64)
    boxes = boxes_by_label(label_boxes(labels))
    assert boxes[4] == {(0,): (5, 5, 20, 20), (1,): (5, 5, 30, 30)}
    assert largest_box(boxes[4]) == ((1,), (5, 5, 30, 30))
    assert largest_box({(2,): (0, 0, 2, 2), (1,): (0, 0, 1, 4)}) == ((1,), (0, 0, 1, 4))
    labels[labels == 7] = 0  # meanwhile
    steps = list(doubt(session.encoder, labels, boxes))
    assert [label for step in steps for label in step.agreements] == [4, 90_000_000]
    assert [step.done for step in steps] == [1, 2, 3]


def test_labels_without_objects_are_no_work() -> None:
    labels = np.zeros((2, 8, 8), np.uint16)
    assert boxes_by_label(label_boxes(labels)) == {}
    session = Session.open(np.zeros((2, 8, 8), np.uint8), model=tiny_sam(), cache_dir=False)
    assert list(doubt(session.encoder, labels, {})) == []
