"""Classes by example in a real napari window: given with a key, predicted, corrected, undone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.labels.files.class_files import read_classes
from tests.classify.drawing import PLACES, kind, two_kinds
from tests.plugin.bench import Bench, Open


@pytest.fixture
def bench(open_dock: Open) -> Bench:
    """The dock with the image, its labels, and the classes *large* and *small*."""
    image, labels = two_kinds()
    bench = open_dock(image, show=True)
    bench.viewer.reset_view()
    bench.layer("labels").data[:] = labels
    bench.layer("labels").refresh()
    box = bench.dock.class_box
    QTest.mouseClick(box.button, Qt.MouseButton.LeftButton)
    for name in ("large", "small"):
        box.add_button.click()
        box.renamed.emit(box.current, name)
        QApplication.processEvents()
    return bench


def choose(bench: Bench, name: str) -> None:
    rows = bench.dock.class_box.classes
    (item,) = rows.findItems(name, Qt.MatchFlag.MatchExactly)
    QTest.mouseClick(
        rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualItemRect(item).center()
    )
    assert bench.dock.class_box.current == name


def give(bench: Bench, name: str, *labels: int) -> None:
    """Choose a class, point at objects, and press Shift-C."""
    choose(bench, name)
    for label in labels:
        bench.move(PLACES[label - 1])
        QTest.keyClick(bench.native, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
        QApplication.processEvents()


def press(bench: Bench, button: Any) -> None:
    bench.dock.show_fold(bench.dock.class_box)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    bench.idle()


def column(bench: Bench, name: str) -> dict[int, Any]:
    features = bench.layer("labels").features
    return dict(zip(features["index"], features[name], strict=True))


EXPECTED = {label: kind(label) for label in range(1, 13)}


def test_the_others_get_the_class_of_those_like_them_in_one_step(bench: Bench) -> None:
    box = bench.dock.class_box
    give(bench, "large", 1, 3, 5)
    assert bench.dock.status.text().startswith("Label 5 is large now.")
    assert not box.predict_button.isEnabled()
    assert "press Shift-C" in box.hint.text()
    give(bench, "small", 2, 4)
    assert box.hint.text().startswith("small has 2 examples: with 3")
    give(bench, "small", 6)
    assert not box.hint.isVisible()
    press(bench, box.predict_button)
    assert bench.dock.status.text().startswith("6 objects have a predicted class")
    assert column(bench, "class") == EXPECTED
    probability = column(bench, "class_probability")
    assert all(np.isnan(probability[label]) for label in range(1, 7))
    assert all(0.5 < probability[label] < 1 for label in range(7, 13))
    bench.layer("labels").selected_label = 8
    assert box.label_text.text() == f"Label 8 ({probability[8]:.0%})"
    box.by_class.click()
    given, predicted = (bench.layer("labels").get_color(label) for label in (2, 8))
    assert predicted.sum() > given.sum() + 0.5, "a predicted class has a lighter colour"
    bench.controller.table.measure()
    bench.idle()
    assert column(bench, "pixels")[8] == np.count_nonzero(bench.layer("labels").data == 8)
    assert column(bench, "class_probability") == pytest.approx(probability, nan_ok=True)
    bench.undo()
    assert set(bench.controller.workspace.classes.table.of_label) == {1, 2, 3, 4, 5, 6}
    bench.redo()
    assert column(bench, "class") == EXPECTED


def test_a_correction_is_an_example_and_the_rest_follow_by_itself(bench: Bench) -> None:
    box, work = bench.dock.class_box, bench.controller.workspace
    give(bench, "large", 1, 3)
    give(bench, "small", 2, 4)
    press(bench, box.by_itself)
    assert work.classes.table.given.keys() == {1, 2, 3, 4}
    assert column(bench, "class") == EXPECTED
    assert work.history.next_undo == "the predicted classes"
    before = work.classes.table
    give(bench, "large", 12)
    bench.idle()
    assert work.history.next_undo == "the class of label 12"
    assert work.classes.table.given.keys() == {1, 2, 3, 4, 12}
    assert column(bench, "class")[12] == "large"
    assert work.classes.table.predicted.keys() == set(range(5, 12))
    assert work.classes.table.predicted != before.predicted, "the others were predicted anew"
    bench.undo()  # the correction and what followed from it
    assert work.classes.table == before
    bench.idle()
    assert work.classes.table == before
    bench.layer("labels").data[88:94, 2:8] = 0
    bench.viewer.layers.selection.active = bench.layer("points")
    bench.add(90, 120)
    bench.idle()
    bench.controller.dock.class_box.classes.setCurrentRow(0)
    bench.accept()
    bench.idle()
    assert 13 in work.classes.table.predicted, "an accepted object gets a class by itself"


def test_what_is_missing_is_said(bench: Bench) -> None:
    QTest.keyClick(bench.native, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    bench.move((32, 32))
    QTest.keyClick(bench.native, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    QApplication.processEvents()
    assert "no label here" in bench.dock.status.text()
    give(bench, "large", 1)
    press(bench, bench.dock.class_box.by_itself)
    assert bench.dock.status.text().startswith(
        "all objects with a class are 'large': give another class to an object of another kind."
    )


def test_predicted_and_given_classes_are_saved_and_restored_apart(
    bench: Bench, tmp_path: Path
) -> None:
    give(bench, "large", 1, 3)
    give(bench, "small", 2, 4)
    bench.add(90, 120)
    bench.idle()
    bench.accept()  # the journal begins with the first object
    press(bench, bench.dock.class_box.predict_button)
    table = bench.controller.workspace.classes.table
    assert table.given.keys() == {1, 2, 3, 4, 13}
    path = tmp_path / "labels.ome.zarr"
    bench.viewer.layers.selection = {bench.layer("labels")}
    bench.viewer.layers.save(str(path), selected=True, plugin="napari-sam-microscopy")
    saved = read_classes(path)
    assert (saved.of_label, saved.given) == (table.of_label, table.given)
    journal = bench.controller.workspace.keeping.journal.journal
    noted = journal.content().classes
    assert (noted.of_label, noted.given) == (table.of_label, table.given)
