"""A folder in the dock, in a real window: keys go from image to image, and labels are saved."""

import json
from pathlib import Path

import numpy as np
import tifffile
from napari.layers import Image, Labels
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_sam.folder.state_file import NAME
from napari_sam.labels.files.read import read_label_file
from tests.plugin.bench import Bench, Open, picture

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


def test_keys_go_through_a_folder_and_back(open_dock: Open, tmp_path: Path) -> None:
    pixels = write_images(tmp_path)
    bench = open_dock(show=True)
    open_folder(bench, tmp_path)
    assert images(bench) == ["a.tif"]
    assert line(bench).startswith("Image 1 of 3: a.tif.")
    box = bench.dock.folder_box
    assert box.progress.text() == "Image 1 of 3, 0 done"

    first = accept(bench, 18, 20)
    assert first.any()
    press(bench, PAGE_DOWN)
    assert images(bench) == ["b.tif"]
    assert line(bench).startswith("Image 2 of 3: b.tif.")
    np.testing.assert_array_equal(saved(tmp_path / "labels" / "a_labels.ome.tif"), first)
    assert not np.any(bench.layer("labels").data)
    assert not bench.controller.workspace.history.next_undo

    second = accept(bench, 10, 12)
    press(bench, PAGE_DOWN, shift=True)
    assert images(bench) == ["c.tif"]
    press(bench, PAGE_UP, shift=True)
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
    assert names == ["a_labels.ome.tif", "b_labels.ome.tif", NAME]
    assert [layer.name for layer in bench.viewer.layers if isinstance(layer, Labels)].count(
        "SAM labels"
    ) == 1
