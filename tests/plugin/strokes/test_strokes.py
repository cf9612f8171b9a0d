"""Labels are split, merged, enlarged and cut by strokes of a real mouse in a real window."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.labels.strokes.edit_by_stroke import edit_by_stroke
from tests.plugin.bench import NO_KEYS, Bench, Open, picture

SHIFT = Qt.KeyboardModifier.ShiftModifier


def painted() -> np.ndarray:
    """Labels as a brush leaves them: 3 and 7 beside each other."""
    labels = np.zeros((96, 128), np.uint32)
    labels[30:50, 20:58] = 3
    labels[30:50, 62:80] = 7
    return labels


@pytest.fixture
def bench(open_dock: Open) -> Bench:
    bench = open_dock(picture(96, 128), show=True)
    bench.viewer.reset_view()
    bench.layer("labels").data[:] = painted()
    bench.layer("labels").refresh()
    QApplication.processEvents()
    return bench


def take_up(bench: Bench) -> None:
    QTest.keyClick(bench.native, Qt.Key.Key_X, SHIFT)
    QApplication.processEvents()


def draw(bench: Bench, *points: Sequence[float], held: Any = NO_KEYS) -> None:
    """A stroke with the left button through points, straight between them."""
    places = [bench.place(point) for point in points]
    left = Qt.MouseButton.LeftButton
    QTest.mouseMove(bench.native, places[0])
    QTest.mousePress(bench.native, left, held, places[0])
    for start, stop in zip(places, places[1:], strict=False):
        for share in (0.25, 0.5, 0.75, 1.0):
            QTest.mouseMove(bench.native, start + (stop - start) * share)
            QApplication.processEvents()
    QTest.mouseRelease(bench.native, left, held, places[-1])
    bench.idle()


def told(bench: Bench) -> str:
    QApplication.processEvents()
    return bench.dock.status.text()


def test_a_line_splits_after_a_preview_in_one_step(bench: Bench) -> None:
    labels, before = bench.layer("labels"), painted()
    take_up(bench)
    assert bench.dock.stroke_box.button.isChecked()
    assert "Draw across a label to split it" in told(bench)
    draw(bench, (20, 30), (60, 30))
    np.testing.assert_array_equal(labels.data, before)
    assert "Split label 3" in told(bench)
