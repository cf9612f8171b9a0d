"""A folder in the dock, in a real window: keys go from image to image, and labels are saved."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.layers import Image, Labels
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_sam.folder.state_file import NAME
from napari_sam.journal.lesson_record import LessonRecord
from napari_sam.labels.files.read import read_label_file
from napari_sam.labels.files.write import write_labels
from napari_sam.plugin.settings import Settings
from tests.plugin.bench import Bench, GatedSam, Open, picture
from tests.plugin.journals import crash

PAGE_DOWN, PAGE_UP = Qt.Key.Key_PageDown, Qt.Key.Key_PageUp


def write_images(folder: Path, count: int = 3) -> list[np.ndarray]:
    images = [picture(40, 48, seed=number) for number in range(count)]
    for letter, pixels in zip("abcdefg", images, strict=False):
        tifffile.imwrite(folder / f"{letter}.tif", pixels)
    return images


def open_folder(bench: Bench, words: Path, labels: str = "") -> None:
    """Type a folder into the dock, and press Enter."""
    box = bench.dock.folder_box
    box.set_open()
    box.images.setText(str(words))
    box.labels.setText(labels)
    QTest.keyClick(box.images, Qt.Key.Key_Return)
    bench.idle()


def press(bench: Bench, key: Qt.Key, shift: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(bench.native, key, modifier)
    bench.idle()


def accept(bench: Bench, *place: float) -> np.ndarray:
    """Click on an object, and accept it; returns all labels."""
    bench.add(*place)
    bench.idle()
    bench.accept()
    bench.idle()
    return np.array(bench.layer("labels").data)


def images(bench: Bench) -> list[str]:
    return [layer.name for layer in bench.viewer.layers if isinstance(layer, Image)]


def saved(path: Path) -> np.ndarray:
    return np.asarray(read_label_file(path).labels)


def states(folder: Path) -> dict[str, object]:
    return json.loads((folder / "labels" / NAME).read_text("utf-8"))["images"]


def line(bench: Bench) -> str:
    return str(bench.dock.status.text())


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond a number of bytes; Python ignores the signal of it."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def test_keys_go_through_a_folder_and_back(open_dock: Open, tmp_path: Path) -> None:
    pixels = write_images(tmp_path)
    bench = open_dock(show=True)
    open_folder(bench, tmp_path)
    assert images(bench) == ["a.tif"]
    assert bench.native.window().focusWidget() is bench.native  # which gets the keys
    assert line(bench).startswith("Image 1 of 3: a.tif.")
    box = bench.dock.folder_box
    assert box.progress.text() == "Image 1 of 3, 0 done"

    layer = bench.viewer.layers["a.tif"]
    layer.contrast_limits, layer.gamma = (20, 180), 0.7
    bench.viewer.scene.camera.zoom = 5.5
    bench.dock.class_box.added.emit()
    first = accept(bench, 18, 20)
    assert first.any()
    lesson = LessonRecord("0" * 8, "1" * 8, "m", True, 5, 0.5, 0.6, "2026-01-01T00:00:00+00:00")
    bench.controller.workspace.lessons.exchange(lesson)
    press(bench, PAGE_DOWN)
    assert images(bench) == ["b.tif"]
    assert line(bench).startswith("Image 2 of 3: b.tif.")
    layer = bench.viewer.layers["b.tif"]
    assert (tuple(layer.contrast_limits), layer.gamma) == ((20, 180), 0.7)
    assert bench.viewer.scene.camera.zoom == 5.5
    work = bench.controller.workspace
    assert (work.classes.table.names, work.lessons.now) == (("class 1",), lesson)
    np.testing.assert_array_equal(saved(tmp_path / "labels" / "a_labels.ome.tif"), first)
    assert not np.any(bench.layer("labels").data)
    assert not bench.controller.workspace.history.next_undo

    second = accept(bench, 10, 12)
    press(bench, Qt.Key.Key_R, shift=True)
    assert images(bench) == ["c.tif"]
    press(bench, Qt.Key.Key_Q, shift=True)
    assert line(bench).startswith("c.tif is flagged.")
    assert box.progress.text() == "Image 3 of 3, 1 done, 1 flagged"
    press(bench, PAGE_DOWN)
    assert line(bench).startswith("There is no further image.")
    assert images(bench) == ["c.tif"]
    assert states(tmp_path) == {
        "a.tif": {"stage": "begun"},
        "b.tif": {"stage": "done"},
        "c.tif": {"flagged": True},
    }

    press(bench, PAGE_UP)
    assert images(bench) == ["b.tif"]
    np.testing.assert_array_equal(bench.layer("labels").data, second)
    np.testing.assert_array_equal(bench.controller.workspace.image.data, pixels[1])
    press(bench, PAGE_UP)
    np.testing.assert_array_equal(bench.layer("labels").data, first)
    both = accept(bench, 30, 40)
    assert both.max() == 2
    press(bench, PAGE_DOWN)
    np.testing.assert_array_equal(saved(tmp_path / "labels" / "a_labels.ome.tif"), both)
    np.testing.assert_array_equal(saved(tmp_path / "labels" / "b_labels.ome.tif"), second)
    names = sorted(path.name for path in (tmp_path / "labels").iterdir())
    tables = ["a_labels_classes.csv", "b_labels_classes.csv"]
    assert names == sorted(["a_labels.ome.tif", "b_labels.ome.tif", *tables, NAME])
    labels_layers = [each.name for each in bench.viewer.layers if isinstance(each, Labels)]
    assert sorted(labels_layers) == ["SAM labels", "SAM preview"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of a process there")
def test_what_cannot_be_left_or_saved_holds_the_image_and_nothing_is_lost(
    open_dock: Open, tmp_path: Path
) -> None:
    write_images(tmp_path, 2)
    bench = open_dock(show=True)
    open_folder(bench, tmp_path)
    bench.add(18, 20)
    bench.idle()
    press(bench, PAGE_DOWN)
    assert line(bench).startswith("Accept or drop the object under way first, then go on.")
    assert images(bench) == ["a.tif"]
    assert bench.shown().any()
    bench.accept()
    labels = np.random.default_rng(0).integers(1, 2**32, (40, 48), np.uint32)
    bench.layer("labels").data = labels
    place = tmp_path / "labels"
    place.rename(tmp_path / "elsewhere")
    press(bench, PAGE_DOWN)
    assert f"the folder {place} does not exist: create it, or choose another one" in line(bench)
    assert images(bench) == ["a.tif"]
    np.testing.assert_array_equal(bench.layer("labels").data, labels)
    assert not place.exists()
    (tmp_path / "elsewhere").rename(place)

    theirs = np.full((40, 48), 5, np.uint32)
    write_labels(place / "a_labels.ome.tif", theirs)
    press(bench, PAGE_DOWN)
    assert "a_labels.ome.tif holds other labels than those that were opened here" in line(bench)
    assert images(bench) == ["a.tif"]
    np.testing.assert_array_equal(saved(place / "a_labels.ome.tif"), theirs)
    (place / "a_labels.ome.tif").unlink()

    with file_limit(6000):  # less than the labels take, as on a full disk
        press(bench, PAGE_DOWN)
    assert "cannot be written (File too large)" in line(bench)
    assert images(bench) == ["a.tif"]
    np.testing.assert_array_equal(bench.layer("labels").data, labels)
    assert [path.name for path in place.iterdir()] == [NAME]

    other = tmp_path / "on another disk"
    open_folder(bench, tmp_path, str(other))
    assert line(bench).startswith(f"Labels are saved in {other} from now on.")
    press(bench, PAGE_DOWN)
    assert images(bench) == ["b.tif"]
    np.testing.assert_array_equal(saved(other / "a_labels.ome.tif"), labels)
    assert [path.name for path in place.iterdir()] == [NAME]


def test_after_a_crash_the_folder_opens_at_its_place_and_offers_what_is_in_no_file(
    open_dock: Open, tmp_path: Path
) -> None:
    write_images(tmp_path)
    (tmp_path / "b.tif").write_bytes(b"no image")
    bench = open_dock(show=True)
    open_folder(bench, tmp_path)
    first = accept(bench, 18, 20)
    press(bench, PAGE_DOWN)
    assert line(bench).startswith("Skipped b.tif: ")
    assert images(bench) == ["c.tif"]
    lost = accept(bench, 10, 12)
    crash()

    again = open_dock(show=True)
    open_folder(again, tmp_path)
    assert images(again) == ["c.tif"]
    assert again.dock.folder_box.progress.text() == "Image 3 of 3, 0 done"
    assert again.dock.restore_box.text.text().startswith("1 object of ")
    again.dock.restore_box.restore_button.click()
    np.testing.assert_array_equal(again.layer("labels").data, lost)
    press(again, PAGE_UP)
    assert images(again) == ["a.tif"]
    np.testing.assert_array_equal(again.layer("labels").data, first)
    assert not again.dock.restore_box.isVisible()
    np.testing.assert_array_equal(saved(tmp_path / "labels" / "c_labels.ome.tif"), lost)


def test_five_thousand_rows_and_pictures_of_those_on_the_screen(
    open_dock: Open, tmp_path: Path
) -> None:
    tifffile.imwrite(tmp_path / "0000.tif", picture(40, 48))
    for number in range(1, 5000):
        (tmp_path / f"{number:04d}.tif").touch()
    bench = open_dock(show=True)
    open_folder(bench, tmp_path)
    box = bench.dock.folder_box
    bench.wait(lambda: not box.table.thumbnails.busy)
    assert box.table.rowCount() == 5000
    assert box.progress.text() == "Image 1 of 5,000, 0 done"
    assert 1 <= box.table.thumbnails.count <= 12
    box.list.scrollToBottom()
    bench.wait(lambda: box.table.thumbnails.count > 4 and not box.table.thumbnails.busy)
    assert box.table.thumbnails.count <= 24


def test_the_next_image_is_prepared_while_this_one_rests(
    open_dock: Open, gated_model: GatedSam, tmp_path: Path
) -> None:
    images_ = tmp_path / "images"
    images_.mkdir()
    write_images(images_, 2)
    settings = Settings(model=gated_model, cache_dir=tmp_path / "cache")
    bench = open_dock(show=True, settings=settings)
    before = gated_model.begun
    open_folder(bench, images_)
    bench.wait(lambda: gated_model.begun == before + 2)
    bench.idle()  # a tile that is begun would be given up
    press(bench, PAGE_DOWN)
    assert images(bench) == ["b.tif"]
    accept(bench, 18, 20)
    assert gated_model.begun == before + 2
