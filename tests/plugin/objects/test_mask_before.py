"""The mask before a click that changed much far from it: offered, taken, corrected, undone."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam import MaskPrompt, PointPrompt, Session
from napari_sam.masks.prompted.correction import correction_by
from tests.plugin.bench import Bench, Open
from tests.plugin.objects.test_size import blobs

FIRST, BESIDE, NEAR = (46, 46), (30, 46), (60, 46)


@pytest.fixture
def suspicious(open_cells_tiny: Open) -> Bench:
    """A window after a background click that took much of a disc away, also on its other side.

    The model answers all clicks at once, as public models do.
    """
    bench = open_cells_tiny(blobs(), show=True, contrast_limits=(0, 255))
    bench.model.policy = replace(bench.model.policy, steady_corrections=False)
    bench.viewer.reset_view()
    QApplication.processEvents()
    bench.click(FIRST)
    bench.idle()
    assert not bench.dock.object_row.before_button.isVisible()
    bench.press("q")
    bench.click(BESIDE)
    bench.idle()
    return bench


def clicks(bench: Bench) -> list[PointPrompt]:
    points = bench.layer("points")
    labels = [int(label == "foreground") for label in points.features["label"]]
    return [PointPrompt(tuple(p), n) for p, n in zip(points.data, labels, strict=True)]


def session_of(bench: Bench) -> Session:
    data = bench.viewer.layers["cells"].data
    return Session.open(data, model=bench.model, contrast=(0.0, 255.0), cache_dir=False)


def on_image(mask: object, shape: tuple[int, int] = (96, 128)) -> np.ndarray:
    return mask.within((0, 0, *shape))  # type: ignore[attr-defined]


def press_shift_b(bench: Bench) -> None:
    QTest.keyClick(bench.native, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    QApplication.processEvents()


def before_and_answer(bench: Bench) -> tuple[np.ndarray, np.ndarray]:
    """What Shift-B brings, and what the model answered."""
    first, second = clicks(bench)
    session = session_of(bench)
    before = session.predict_objects({1: [first]})[1]
    answer = session.predict_objects({1: [first, second]})[1]
    correction = correction_by(second, before, answer)
    assert correction.is_suspicious
    return on_image(correction.near_only), on_image(answer)


def test_a_suspicious_correction_is_said_and_taken_back_by_a_key(suspicious: Bench) -> None:
    bench, row = suspicious, suspicious.dock.object_row
    before, answer = before_and_answer(bench)
    assert "% of the mask, mostly far from it. Shift-B brings" in bench.dock.status.text()
    assert row.before_button.isVisible()
    np.testing.assert_array_equal(bench.shown(), answer)
    press_shift_b(bench)
    np.testing.assert_array_equal(bench.shown(), before)
    assert not row.before_button.isVisible()
    assert "The mask before is back" in bench.dock.status.text()
    assert len(bench.layer("points").data) == 2
    bench.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(bench.layer("labels").data, before)


def test_the_button_does_the_same_and_both_can_be_undone(suspicious: Bench) -> None:
    bench, row = suspicious, suspicious.dock.object_row
    before, answer = before_and_answer(bench)
    QTest.mouseClick(row.before_button, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(bench.shown(), before)
    bench.undo()
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), answer)
    assert row.before_button.isVisible()
    bench.redo()
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), before)
    bench.undo()
    bench.undo()  # the click
    bench.idle()
    np.testing.assert_array_equal(
        bench.shown(), on_image(session_of(bench).predict(points=[clicks(bench)[0].position]))
    )


def test_further_clicks_correct_the_chosen_mask(suspicious: Bench) -> None:
    bench = suspicious
    before, _ = before_and_answer(bench)
    press_shift_b(bench)
    bench.press("q")
    bench.click(NEAR)
    bench.idle()
    prompts = [*clicks(bench), MaskPrompt((), 0, 0, before)]
    expected = session_of(bench).predict_objects({1: prompts})[1]
    np.testing.assert_array_equal(bench.shown(), on_image(expected))
    bench.undo()
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), before)  # not what the model answers to it


def test_without_an_offer_the_key_says_so(suspicious: Bench) -> None:
    bench = suspicious
    bench.undo()
    bench.idle()
    shown = bench.shown()
    press_shift_b(bench)
    assert "There is no mask before to bring back" in bench.dock.status.text()
    np.testing.assert_array_equal(bench.shown(), shown)
