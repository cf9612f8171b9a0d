"""Classes in a real napari window: given, changed, undone, saved, and back after a kill."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from ome_zarr_models.v05.image_label import ImageLabel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit

from napari_sam.labels.files.class_files import read_classes
from tests.plugin.bench import Bench, Open, picture, tube

PLACES = ((30, 20), (10, 70), (50, 60))


def row(bench: Bench, name: str) -> int:
    texts = [bench.dock.class_box.classes.item(i).text() for i in range(rows(bench))]
    return texts.index(name)


def rows(bench: Bench) -> int:
    return int(bench.dock.class_box.classes.count())


def choose(bench: Bench, name: str) -> None:
    bench.dock.class_box.classes.setCurrentRow(row(bench, name))


def accept(bench: Bench, *place: float) -> None:
    bench.add(*place)
    bench.idle()
    bench.accept()


def classes(bench: Bench) -> dict[int, str]:
    """As napari's features of the labels say."""
    features = bench.layer("labels").features
    if "class" not in features:
        return {}
    return {k: v for k, v in zip(features["index"], features["class"], strict=True) if v}


def with_classes(bench: Bench, *names: str) -> None:
    box = bench.dock.class_box
    for name in names:
        box.add_button.click()
        box.renamed.emit(box.current, name)
        QApplication.processEvents()


def test_a_class_is_made_and_renamed_with_the_keyboard_and_given(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80), show=True)
    box = bench.dock.class_box
    assert not box.button.isChecked()
    QTest.mouseClick(box.button, Qt.MouseButton.LeftButton)
    accept(bench, *PLACES[0])
    assert classes(bench) == {}
    bench.add(*PLACES[1])
    bench.idle()
    QTest.mouseClick(box.add_button, Qt.MouseButton.LeftButton)
    assert box.current == "class 1"
    box.classes.editItem(box.classes.currentItem())
    editor = box.classes.findChild(QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, "neuron")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    bench.wait(lambda: box.current == "neuron")
    assert bench.layer("labels").data.max() == 1, "that Enter was not for the object"
    bench.press(Qt.Key.Key_Return)
    assert bench.layer("labels").data.max() == 2
    assert classes(bench) == {2: "neuron"}
    labels = bench.layer("labels")
    (y, x) = np.argwhere(labels.data == 2)[0]
    assert "class: neuron" in labels.get_status((y, x), world=True)["coordinates"]


def test_each_object_has_the_class_that_was_chosen_and_undo_takes_it(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    with_classes(bench, "neuron", "glia")
    choose(bench, "neuron")
    accept(bench, *PLACES[0])
    choose(bench, "glia")
    accept(bench, *PLACES[1])
    choose(bench, "no class")
    accept(bench, *PLACES[2])
    assert classes(bench) == {1: "neuron", 2: "glia"}
    bench.undo_labels()
    assert classes(bench) == {1: "neuron", 2: "glia"}
    bench.undo_labels()
    assert classes(bench) == {1: "neuron"}
    choose(bench, "glia")
    bench.dock.accept_box.label.setValue(1)
    accept(bench, *PLACES[2])
    assert classes(bench) == {1: "glia"}
    bench.undo_labels()
    assert classes(bench) == {1: "neuron"}


def test_objects_accepted_at_once_or_later_have_the_class(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    with_classes(bench, "neuron", "glia")
    bench.add(*PLACES[0])
    bench.idle()
    bench.next_object()
    bench.add(*PLACES[1])
    bench.idle()
    bench.accept()
    assert classes(bench) == {1: "glia", 2: "glia"}
    bench.undo_labels()
    assert classes(bench) == {}
    with bench.model.held():
        # another contrast: what was encoded is of no use
        bench.controller.workspace.image.contrast_limits = (10, 200)
        bench.add(*PLACES[2])
        bench.wait(bench.model.inside.is_set)
        bench.accept()
        choose(bench, "neuron")
    bench.idle()
    assert classes(bench) == {1: "glia"}


def test_a_label_that_is_put_back_keeps_its_class(open_dock: Open) -> None:
    bench = open_dock(picture(96, 128), show=True)
    bench.viewer.reset_view()
    with_classes(bench, "neuron", "glia")
    choose(bench, "neuron")
    labels = bench.layer("labels")
    labels.data[30:50, 20:60] = 3
    bench.controller.workspace.classes.set(
        bench.controller.workspace.classes.table.assign({3: "neuron"})
    )
    choose(bench, "glia")
    bench.move((40, 40))
    QTest.keyClick(bench.native, Qt.Key.Key_J, Qt.KeyboardModifier.ShiftModifier)
    bench.idle()
    bench.click((25, 70))
    bench.idle()
    bench.press(Qt.Key.Key_Return)
    assert "put back" in bench.dock.status.text()
    assert classes(bench) == {3: "neuron"}


def test_everything_has_the_class_that_was_chosen(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube(1)[0])
    with_classes(bench, "neuron")
    bench.dock.everything_box.slice_button.click()
    bench.idle()
    found = set(np.unique(bench.layer("labels").data).tolist()) - {0}
    assert found
    assert classes(bench) == dict.fromkeys(found, "neuron")
    bench.undo_labels()
    assert classes(bench) == {}


def test_the_table_is_changed_and_objects_follow(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    box = bench.dock.class_box
    with_classes(bench, "neuron", "glia")
    for place, name in zip(PLACES, ("neuron", "glia", "glia"), strict=True):
        choose(bench, name)
        accept(bench, *place)
    box.renamed.emit("glia", "astrocyte")
    QApplication.processEvents()
    assert classes(bench) == {1: "neuron", 2: "astrocyte", 3: "astrocyte"}
    assert box.current == "astrocyte"
    box.renamed.emit("astrocyte", "neuron")
    QApplication.processEvents()
    assert "already" in bench.dock.status.text()
    assert rows(bench) == 3
    bench.layer("labels").selected_label = 3
    assert box.label_text.text() == "Label 3"
    assert box.of_label.currentText() == "astrocyte"
    box.of_label.setCurrentIndex(1)
    box.of_label.activated.emit(1)
    assert classes(bench) == {1: "neuron", 2: "astrocyte", 3: "neuron"}
    choose(bench, "neuron")
    box.remove_button.click()
    assert classes(bench) == {2: "astrocyte"}
    assert box.current == ""
    assert not box.remove_button.isEnabled()


def test_colours_of_classes_are_shown_and_taken_back(
    open_dock: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_dock(picture(60, 80))
    box = bench.dock.class_box
    with_classes(bench, "neuron")
    accept(bench, *PLACES[0])
    choose(bench, "no class")
    accept(bench, *PLACES[1])
    labels = bench.layer("labels")
    before = [tuple(labels.get_color(label)) for label in (1, 2)]
    box.by_class.click()
    choose(bench, "neuron")
    monkeypatch.setattr(box, "ask_colour", lambda colour: "#ff0000")
    box.colour_button.click()
    assert [tuple(labels.get_color(label)) for label in (1, 2)] != before
    np.testing.assert_allclose(labels.get_color(1), (1, 0, 0, 1))
    accept(bench, *PLACES[2])
    np.testing.assert_allclose(labels.get_color(3), (1, 0, 0, 1))
    np.testing.assert_allclose(labels.get_color(2), (0.5, 0.5, 0.5, 1), atol=0.01)
    box.by_class.click()
    assert [tuple(labels.get_color(label)) for label in (1, 2)] == before
    box.by_class.click()
    bench.controller.close()
    assert [tuple(labels.get_color(label)) for label in (1, 2)] == before


def test_features_of_the_user_stay(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    with_classes(bench, "neuron")
    accept(bench, *PLACES[0])
    labels = bench.layer("labels")
    labels.features = {"index": [1, 7], "area": [20.0, 30.0], "class": ["neuron", ""]}
    accept(bench, *PLACES[1])
    assert classes(bench) == {1: "neuron", 2: "neuron"}
    assert list(labels.features["index"]) == [1, 7, 2]
    assert list(labels.features["area"])[:2] == [20.0, 30.0]


def test_classes_go_on_in_another_image_and_in_new_labels(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    with_classes(bench, "neuron", "glia")
    choose(bench, "neuron")
    accept(bench, *PLACES[0])
    bench.viewer.layers.remove(bench.layer("labels"))
    bench.idle()
    accept(bench, *PLACES[1])
    assert classes(bench) == {1: "neuron"}
    other = bench.viewer.add_image(picture(60, 80, seed=4), name="other")
    bench.idle()
    bench.controller.images.use(other)
    bench.idle()
    assert bench.dock.class_box.current == "neuron"
    assert rows(bench) == 3
    accept(bench, *PLACES[2])
    own = bench.controller.workspace.labels
    assert list(own.features["class"]) == ["neuron"]


@pytest.mark.parametrize("name", ["labels.ome.zarr", "labels.ome.tif"])
def test_saved_labels_have_the_classes(open_dock: Open, tmp_path: Path, name: str) -> None:
    bench = open_dock(picture(60, 80))
    with_classes(bench, "neuron", "glia")
    accept(bench, *PLACES[0])
    choose(bench, "neuron")
    accept(bench, *PLACES[1])
    path = tmp_path / name
    bench.viewer.layers.selection = {bench.layer("labels")}
    bench.viewer.layers.save(str(path), selected=True, plugin="napari-sam-microscopy")
    found = read_classes(path)
    assert found.of_label == {1: "glia", 2: "neuron"} == classes(bench)
    assert found.names == ("neuron", "glia")
    if name.endswith("zarr"):
        label = ImageLabel.from_zarr(zarr.open_group(path, mode="r")).attributes.ome.image_label
        assert {c.label_value: c.rgba for c in label.colors} == {
            number: found.named(found.class_of(number)).rgba for number in (1, 2)
        }
    else:
        assert (tmp_path / "labels_classes.csv").is_file()


# --- after a kill ----------------------------------------------------------------------------

KILLED = """
import sys
import napari
import numpy as np
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings

data = np.load(sys.argv[1])
viewer = napari.Viewer(show=False)
viewer.add_image(data, name="cells")
dock = SamWidget(viewer, Settings(cache_dir=False))
viewer.window.add_dock_widget(dock)
box = dock.class_box

def idle():
    QApplication.processEvents()
    while dock.controller.runner.busy:  # asleep meanwhile: the worker needs the processor
        QTest.qWait(5)

idle()
for name in ("neuron", "glia", "never used"):
    box.add_button.click()
    box.renamed.emit(box.current, name)
    idle()
for row, place in ((1, (28, 30)), (2, (5, 5)), (2, (50, 50)), (0, (50, 10)), (2, (10, 50))):
    box.classes.setCurrentRow(row)
    viewer.layers["SAM points"].add(place)
    idle()
    dock.controller.actions.accept()
dock.controller.actions.undo_labels()
box.recoloured.emit("glia", "#abcdef")
viewer.layers["SAM labels"].selected_label = 2
box.assigned.emit("neuron")
print(dict(dock.controller.workspace.classes.table.of_label), flush=True)
idle()
input()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there")
def test_classes_come_back_after_a_kill(open_cells_tiny: Open, tmp_path: Path) -> None:
    data = tube(1)[0]
    np.save(tmp_path / "data.npy", data)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "data.npy")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as napari:
        assert napari.stdout is not None
        said = napari.stdout.readline().decode().strip()
        napari.kill()
    assert said == "{1: 'neuron', 2: 'neuron', 3: 'glia'}"
    bench = open_cells_tiny(data)
    assert classes(bench) == {}
    bench.dock.restore_box.restore_button.click()
    assert classes(bench) == {1: "neuron", 2: "neuron", 3: "glia"}
    table: Any = bench.controller.workspace.classes.table
    assert table.names == ("neuron", "glia", "never used")
    assert table.named("glia").color == "#abcdef"
    assert [bench.dock.class_box.classes.item(i).text() for i in range(4)][1:] == list(table.names)
