"""The offer of lost labels: it waits, it can be taken and given back, and it counts objects."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit

from napari_sam.journal.content import Content
from napari_sam.journal.entry import ACCEPTED, DISCARDED, PAINTED, RETURNED, SAVED, UNDONE, Entry
from napari_sam.journal.objects import objects_of, unsaved_objects
from napari_sam.labels.edit import erasing
from napari_sam.labels.files.tiff import SOFTWARE
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.labels.paint import paint
from napari_sam.plugin.labels.offer import back_line, offer_line
from tests.plugin.bench import Bench, Open, picture
from tests.plugin.journals import crash, replayed
from tests.plugin.scene import mask_at


def accept_at(bench: Bench, *place: float) -> np.ndarray:
    """Accept an object; the labels that the layer has then."""
    bench.add(*place)
    bench.idle()
    bench.accept()
    labels: np.ndarray = bench.layer("labels").data.copy()
    return labels


def lose_two_objects(open_dock: Open, data: np.ndarray) -> np.ndarray:
    bench = open_dock(data)
    accept_at(bench, 8, 8)
    labels = accept_at(bench, 30, 40)
    assert set(np.unique(labels)) == {0, 1, 2}
    crash()
    return labels


def offer(bench: Bench) -> str:
    box = bench.dock.restore_box
    text = str(box.text.text())
    assert box.isHidden() == (text == "")
    return text


def test_a_restore_is_a_step_that_undo_takes_back_to_the_offer(open_dock: Open) -> None:
    data = picture(40, 48)
    lost = lose_two_objects(open_dock, data)
    bench = open_dock(data)
    text = offer(bench)
    assert text.startswith("2 objects of ")
    assert text.endswith(" are in no file.")
    for _ in range(2):
        bench.dock.restore_box.restore_button.click()
        assert bench.dock.status.text() == "2 objects are back. Click on an object."
        np.testing.assert_array_equal(bench.layer("labels").data, lost)
        np.testing.assert_array_equal(replayed(bench.layer("labels")), lost)
        assert offer(bench) == ""
        bench.undo()
        assert not bench.layer("labels").data.any()
        assert not replayed(bench.layer("labels")).any()
        assert offer(bench) == text
        bench.redo()
        np.testing.assert_array_equal(bench.layer("labels").data, lost)
        assert offer(bench) == ""
        bench.undo()
        assert offer(bench) == text
    bench.controller.close()  # without an answer
    again = open_dock(data)
    assert offer(again) == text
    again.dock.restore_box.restore_button.click()
    crash()
    again.controller.close()
    assert offer(open_dock(data)).startswith("2 objects of ")  # once, from the newer journal


def test_an_ignored_offer_is_still_there_after_the_next_object(open_dock: Open) -> None:
    data = picture(40, 48)
    lost = lose_two_objects(open_dock, data)
    bench = open_dock(data)
    text = offer(bench)
    own = accept_at(bench, 20, 6)
    assert offer(bench) == text
    bench.dock.restore_box.restore_button.click()
    labels = bench.layer("labels").data
    np.testing.assert_array_equal(labels[own > 0], own[own > 0])
    free = (lost > 0) & (own == 0)
    np.testing.assert_array_equal(labels[free], lost[free] + own.max())
    np.testing.assert_array_equal(labels > 0, (lost > 0) | (own > 0))
    np.testing.assert_array_equal(replayed(bench.layer("labels")), labels)
    assert bench.dock.status.text() == "2 objects are back. Click on an object."
    bench.undo()
    np.testing.assert_array_equal(bench.layer("labels").data, own)
    assert offer(bench) == text
    bench.dock.restore_box.forget_button.click()
    bench.controller.close()
    crash()
    assert offer(open_dock(data)).startswith("1 object of ")  # the one that was accepted here


# --- what napari saved by itself ---------------------------------------------------------------


def save_in_dialog(bench: Bench, path: Path) -> None:
    """File > Save selected layers, with the first of the listed formats, which is napari's own."""
    dialogs: list[QFileDialog] = []

    def answer() -> None:
        shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog)]
        dialogs.extend(w for w in shown if w.isVisible())
        if not dialogs:
            QTimer.singleShot(50, answer)
            return
        (name,) = dialogs[0].findChildren(QLineEdit, "fileNameEdit")
        name.setText(str(path))
        QTest.keyClick(name, Qt.Key.Key_Return)

    bench.viewer.layers.selection = {bench.layer("labels")}
    QTimer.singleShot(50, answer)
    bench.viewer.window.__wrapped__._qt_viewer._save_layers_dialog(selected=True)
    assert len(dialogs) == 1


def test_labels_that_napari_saved_by_itself_are_not_offered(
    open_dock: Open, tmp_path: Path
) -> None:
    data = picture(40, 48)
    bench = open_dock(data, show=True)
    accept_at(bench, 8, 8)
    path = tmp_path / "elsewhere" / "mine.tif"
    path.parent.mkdir()
    save_in_dialog(bench, path)
    with tifffile.TiffFile(path) as file:
        assert file.pages.first.software != SOFTWARE  # not our writer
    labels = accept_at(bench, 30, 40)
    crash()
    bench.controller.close()
    again = open_dock(data)
    assert offer(again).startswith("2 objects of ")  # the second is in no file
    again.dock.restore_box.restore_button.click()
    np.testing.assert_array_equal(again.layer("labels").data, labels)
    again.layer("labels").save(str(path), plugin="napari")
    crash()
    again.controller.close()
    assert offer(open_dock(data)) == ""
    path.unlink()
    assert offer(open_dock(data)) == ""  # it was saved once; what became of it is not our concern


# --- what is counted -------------------------------------------------------------------------


class Lines:
    """Entries of a journal about labels of 8 x 80 pixels; each object has a place of its own."""

    def __init__(self) -> None:
        self.labels = np.zeros((8, 80), np.uint32)
        self.entries: list[Entry] = []

    def accept(self, *labels: int) -> None:
        for label in labels:
            edit = paint(mask_at((), 1, 4 * label, np.ones((3, 3))), self.labels, label)
            self._change(ACCEPTED, edit)

    def erase(self, label: int) -> None:
        self._change(PAINTED, erasing(self.labels, (), (0, 0, 8, 80), label))

    def _change(self, kind: str, edit: object) -> None:
        edit.apply(self.labels)  # type: ignore[attr-defined]
        self.entries.append(Entry(kind, (PackedEdit.of(edit),)))  # type: ignore[arg-type]

    def undo(self) -> None:
        last = [entry for entry in self.entries if entry.edits][-1]
        last.take_back(self.labels)
        self.note(UNDONE)

    def note(self, kind: str) -> None:
        self.entries.append(Entry(kind))

    @property
    def content(self) -> Content:
        return Content.of(self.entries)


def test_objects_that_changed_since_the_last_save_are_counted() -> None:
    lines = Lines()
    assert offer_line(lines.content) == ""
    lines.accept(1, 2, 3, 4, 5, 6, 7, 8)
    lines.note(SAVED)
    assert unsaved_objects(lines.content) == set()
    lines.accept(9, 10)
    assert unsaved_objects(lines.content) == {9, 10}
    assert offer_line(lines.content).startswith("2 objects of ")
    lines.undo()
    assert unsaved_objects(lines.content) == {9}
    assert offer_line(lines.content).startswith("1 object of ")
    assert offer_line(lines.content).endswith(" is in no file.")
    lines.note(SAVED)
    lines.erase(3)
    assert unsaved_objects(lines.content) == set()
    assert offer_line(lines.content).startswith("Changes of ")
    lines.note(DISCARDED)
    assert lines.content.changes == ()
    assert offer_line(lines.content) == ""
    lines.note(RETURNED)
    assert objects_of(lines.content.changes) == {1, 2, 4, 5, 6, 7, 8, 9}
    assert set(np.unique(lines.labels)) == {0, *objects_of(lines.content.changes)}


@pytest.mark.parametrize(
    ("count", "line"), [(1, "1 object is back."), (2, "2 objects are back."), (0, "0 objects")]
)
def test_restored_objects_are_counted(count: int, line: str) -> None:
    assert back_line(count).startswith(line)


@pytest.mark.parametrize(
    ("kinds", "standing"),
    [
        ([DISCARDED], 0),
        ([DISCARDED, RETURNED], 2),
        ([DISCARDED, RETURNED, UNDONE], 1),
        ([DISCARDED, RETURNED, DISCARDED], 0),
    ],
)
def test_a_discard_can_be_taken_back(kinds: Sequence[str], standing: int) -> None:
    lines = Lines()
    lines.accept(1, 2)
    for kind in kinds:
        lines.note(kind)
    assert len(lines.content.changes) == standing
