"""Labels are split, merged, enlarged and cut by strokes of a real mouse in a real window."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.labels.strokes.edit_by_stroke import edit_by_stroke
from napari_sam.plugin.strokes.reading import Reading
from tests.plugin.bench import NO_KEYS, Bench, Open, picture
from tests.plugin.journals import replayed

SHIFT = Qt.KeyboardModifier.ShiftModifier
OWN_LAYERS = {"SAM stroke", "SAM stroke parts"}


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
    bench.layer("labels").data = painted()
    QApplication.processEvents()
    return bench


def take_up(bench: Bench) -> None:
    """The tool, by its key; or put away."""
    QTest.keyClick(bench.native, Qt.Key.Key_X, SHIFT)
    QApplication.processEvents()


def draw(bench: Bench, *points: Sequence[float], held: Any = NO_KEYS) -> None:
    """A stroke with the left button through points, straight between them."""
    places = [bench.place(point) for point in points]
    left = Qt.MouseButton.LeftButton
    QTest.mouseMove(bench.native, places[0])
    QTest.mousePress(bench.native, left, held, places[0])
    for start, stop in pairwise(places):
        for share in (0.25, 0.5, 0.75, 1.0):
            bench.qtbot.wait(12)  # vispy takes no move within 10 ms of another
            QTest.mouseMove(bench.native, start + (stop - start) * share)
            QApplication.processEvents()
    bench.qtbot.wait(12)
    QTest.mouseRelease(bench.native, left, held, places[-1])
    bench.idle()


def told(bench: Bench) -> str:
    QApplication.processEvents()
    return str(bench.dock.status.text())


def is_shown(bench: Bench) -> bool:
    """Whether the line and the labels that would come of it are to be seen."""
    line, parts = (bench.viewer.layers[name] for name in sorted(OWN_LAYERS))
    shown = bool(len(line.data)), parts.visible
    assert len({*shown}) == 1
    return parts.visible


def by_hand(bench: Bench, labels: np.ndarray, action: str, **options: Any) -> np.ndarray:
    """Labels after the stroke that was drawn, computed without the dock."""
    drawn = bench.controller.strokes._drawn
    changed = labels.copy()
    edit_by_stroke(labels, drawn.yx, drawn.plane, action, **options).apply(changed)
    return changed


def test_split_merge_add_and_cut_each_after_a_preview_in_one_step(bench: Bench) -> None:
    labels, layer = painted(), bench.layer("labels")
    take_up(bench)
    assert bench.dock.stroke_box.button.isChecked()
    assert "Draw across a label to split it" in told(bench)
    strokes: list[tuple[str, str, list[tuple[float, float]], Any]] = [
        ("split", "Split label 3: ", [(20, 32), (60, 33)], NO_KEYS),
        ("merge", "Merge 7 into label 3: ", [(40, 50), (40, 70)], NO_KEYS),
        ("add", "Add ", [(35, 40), (20, 40), (20, 60), (35, 60)], NO_KEYS),
        ("cut", "Take ", [(20, 74), (60, 74)], SHIFT),
    ]
    steps = []
    for action, line, points, held in strokes:
        center = tuple(bench.viewer.scene.camera.center)
        draw(bench, *points, held=held)
        assert tuple(bench.viewer.scene.camera.center) == center
        assert told(bench).startswith(line), action
        assert "Enter changes it, Escape drops it" in told(bench)
        np.testing.assert_array_equal(layer.data, labels)
        assert is_shown(bench)
        expected = by_hand(bench, labels, action)
        assert (expected != labels).any()
        bench.press(Qt.Key.Key_Return)
        np.testing.assert_array_equal(layer.data, expected, action)
        np.testing.assert_array_equal(replayed(layer), expected)
        assert not is_shown(bench)
        assert "Ctrl-Z takes it back" in told(bench)
        steps.append(labels)
        labels = expected
    for before in reversed(steps):
        QTest.keyClick(bench.native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        QApplication.processEvents()
        np.testing.assert_array_equal(layer.data, before)
        np.testing.assert_array_equal(replayed(layer), before)
    bench.redo()
    np.testing.assert_array_equal(layer.data, steps[1])
    assert len(bench.layer("points").data) == 0


def test_escape_drops_the_stroke_then_the_tool_and_other_readings_are_one_key(
    bench: Bench,
) -> None:
    layer, box = bench.layer("labels"), bench.dock.stroke_box
    take_up(bench)
    draw(bench, (40, 50), (40, 70))
    assert told(bench).startswith("Merge 7 into label 3")
    QTest.keyClick(bench.native, Qt.Key.Key_W, SHIFT)
    bench.idle()
    assert box.reading is Reading.ADD
    assert told(bench).startswith("The stroke encloses no free pixel beside label 3")
    box.reading_box.setCurrentIndex(list(Reading).index(Reading.SPLIT))
    bench.idle()
    assert told(bench).startswith("Split label 7")
    bench.press(Qt.Key.Key_Escape)
    assert "The stroke is dropped" in told(bench)
    assert not is_shown(bench)
    np.testing.assert_array_equal(layer.data, painted())
    assert bench.controller.workspace.history.next_undo == ""
    draw(bench, (20, 32), (60, 32))
    QTest.keyClick(bench.native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert "The stroke is dropped" in told(bench)
    bench.press(Qt.Key.Key_Escape)
    assert not set(bench.names()) & OWN_LAYERS
    assert not box.button.isChecked()
    assert box.reading_box.isHidden()
    pick_up = bench.dock.correct_row.pick_up_button
    for _ in range(2):  # one tool at a time
        pick_up.click()
        assert (pick_up.isChecked(), box.button.isChecked()) == (True, False)
        take_up(bench)
        assert (pick_up.isChecked(), box.button.isChecked()) == (False, True)
    take_up(bench)
    assert bench.layer("points").mode == "add"
    bench.click((80, 100))  # clicks are clicks again
    bench.idle()
    assert len(bench.layer("points").data) == 1
    np.testing.assert_array_equal(layer.data, painted())


def test_the_model_divides_a_label_by_a_point_on_each_side(bench: Bench) -> None:
    from napari_sam import PointPrompt, Session
    from napari_sam.labels.strokes.divide import divide, inner_points
    from napari_sam.labels.strokes.stroke import stroke_of, within
    from napari_sam.strokes import stroke

    layer, box = bench.layer("labels"), bench.dock.stroke_box
    box.button.click()
    box.reading_box.setCurrentIndex(list(Reading).index(Reading.BY_MODEL))
    draw(bench, (20, 34), (60, 35))
    assert told(bench).startswith("Split label 3")
    points = bench.controller.strokes._drawn.yx
    bench.press(Qt.Key.Key_Return)

    image = bench.controller.workspace.image
    session = Session.open(
        np.asarray(image.data),
        model=bench.model,
        contrast=tuple(image.contrast_limits),
        cache_dir=False,
    )
    session.labels = painted()
    asked = stroke(session, points, action="split", by_model=True)
    np.testing.assert_array_equal(layer.data, session.labels)
    # each part has the pixel that the model was asked with
    line = within(stroke_of(points, (), painted().shape).pixels, (30, 20, 50, 58))
    sides = inner_points(divide(painted()[30:50, 20:58] == 3, line), (30, 20, 50, 58))
    assert len({int(layer.data[y, x]) for y, x in sides.values()}) == len(asked.masks) == 2
    assert session.predict_objects({1: [PointPrompt(sides[1])]})[1].plane == ()


def test_through_the_slices_on_request(open_dock: Open) -> None:
    bench = open_dock(picture(5, 60, 80), show=True)
    bench.viewer.reset_view()
    before = np.zeros((5, 60, 80), np.uint32)
    before[1:4, 20:40, 20:60] = 4
    layer, box = bench.layer("labels"), bench.dock.stroke_box
    layer.data[:] = before
    bench.viewer.dims.set_point(0, 2)
    layer.refresh()
    take_up(bench)
    draw(bench, (10, 35), (50, 36))
    bench.press(Qt.Key.Key_Return)
    assert set(np.unique(layer.data[2])) == {0, 4, 5}
    np.testing.assert_array_equal(np.delete(layer.data, 2, 0), np.delete(before, 2, 0))
    bench.undo()
    assert box.through.isVisibleTo(bench.dock)
    box.through.click()
    draw(bench, (10, 35), (50, 36))
    assert "in 3 slices" in told(bench)
    expected = by_hand(bench, before, "split", axis=0)
    bench.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(layer.data, expected)
    assert set(np.unique(expected[1])) == {0, 4, 5}
    bench.undo()
    np.testing.assert_array_equal(layer.data, before)


def test_what_cannot_be_is_one_line_and_changes_nothing(bench: Bench) -> None:
    layer, strokes = bench.layer("labels"), bench.controller.strokes
    take_up(bench)
    bench.click((40, 40))
    assert told(bench).startswith("A click is no stroke")
    draw(bench, (80, 20), (80, 90))
    assert told(bench).startswith("There is no label under the stroke: draw it over one. Escape")
    bench.press(Qt.Key.Key_Return)
    assert "no label under the stroke" in told(bench)
    draw(bench, (-8, -20), (-4, 100))
    assert told(bench).startswith("The stroke lies outside of the image")

    # labels that somebody changes while the stroke is in the preview
    draw(bench, (20, 32), (60, 32))
    layer.data[30:32, 20:58] = 9
    bench.press(Qt.Key.Key_Return)
    assert told(bench).startswith("The labels under the stroke have changed meanwhile")
    layer.data[:] = painted()

    # a number that another object has got meanwhile
    draw(bench, (20, 32), (60, 32))
    layer.data[90, 5] = 8
    bench.press(Qt.Key.Key_Return)
    assert set(np.unique(layer.data)) == {0, 3, 7, 8, 9}
    assert int((layer.data == 8).sum()) == 1
    bench.undo()

    # labels of another layer
    other = bench.viewer.add_labels(np.zeros((96, 128), np.uint8), name="by hand")
    other.data[70:90, 20:100] = 1
    bench.viewer.layers.selection.active = bench.layer("points")
    draw(bench, (80, 30), (80, 90))
    assert "by hand is not in use: select it, and press Use these labels" in told(bench)

    before = np.array(layer.data)
    layer.data.flags.writeable = False
    draw(bench, (20, 32), (60, 32))
    assert "SAM labels is read-only" in told(bench)
    layer.data.flags.writeable = True
    bench.viewer.dims.ndisplay = 3
    strokes.put_away()
    take_up(bench)
    assert "3D is for looking" in told(bench)
    bench.viewer.dims.ndisplay = 2
    bench.viewer.layers.remove(layer)
    QApplication.processEvents()
    take_up(bench)
    assert "There are no labels yet" in told(bench)
    np.testing.assert_array_equal(layer.data, before)


def test_a_stroke_while_the_model_works_waits_or_goes_with_the_work(bench: Bench) -> None:
    layer = bench.layer("labels")
    with bench.model.held():
        bench.click((80, 100))
        bench.wait(bench.model.inside.is_set)
        take_up(bench)
        places = [bench.place(point) for point in ((20, 32), (60, 32))]
        QTest.mousePress(bench.native, Qt.MouseButton.LeftButton, NO_KEYS, places[0])
        for share in (0.5, 1.0):
            bench.qtbot.wait(15)
            QTest.mouseMove(bench.native, places[0] + (places[1] - places[0]) * share)
        bench.qtbot.wait(15)
        QTest.mouseRelease(bench.native, Qt.MouseButton.LeftButton, NO_KEYS, places[1])
        assert "The stroke is being read" in told(bench)
        bench.press(Qt.Key.Key_Return)
        assert "accept it when it is shown" in told(bench)
        np.testing.assert_array_equal(layer.data, painted())
    bench.idle()
    assert "Split label 3" in told(bench)
    assert bench.shown().any()  # the object under way is still there
    bench.press(Qt.Key.Key_Return)
    assert set(np.unique(layer.data)) == {0, 3, 7, 8}
    assert bench.shown().any()

    draw(bench, (20, 32), (60, 32))
    callbacks = bench.viewer.mouse_drag_callbacks
    assert any(".strokes." in getattr(call, "__module__", "") for call in callbacks)
    bench.controller.close()
    assert not any(".strokes." in getattr(call, "__module__", "") for call in callbacks)
    assert not set(bench.names()) & OWN_LAYERS
