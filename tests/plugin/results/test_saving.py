"""Save …: the labels in use to a file that the user names, in the format of the name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox

from napari_sam.image.read import read_pyramid
from napari_sam.plugin.open_viewer import add_image
from napari_sam.plugin.results.saving import NOTHING
from tests.plugin.bench import Bench, Open, picture


def save(bench: Bench, answer: Callable[[QFileDialog, QLineEdit], None]) -> str:
    """Press *Save …*, and answer the dialog; returns the name that it proposed."""
    proposed: list[str] = []

    def look() -> None:
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QFileDialog) and dialog.isVisible():
                (name,) = dialog.findChildren(QLineEdit, "fileNameEdit")
                proposed.append(str(Path(dialog.directory().absolutePath()) / name.text()))
                answer(dialog, name)
                return
        QTimer.singleShot(20, look)

    QTimer.singleShot(0, look)
    QTest.mouseClick(bench.dock.correct_row.save_button, Qt.MouseButton.LeftButton)
    return proposed[0]


def called(path: Path) -> Callable[[QFileDialog, QLineEdit], None]:
    def answer(dialog: QFileDialog, name: QLineEdit) -> None:
        name.setText(str(path))
        QTest.keyClick(name, Qt.Key.Key_Return)

    return answer


def replacing(path: Path) -> Callable[[QFileDialog, QLineEdit], None]:
    """Name a file that exists, and say yes to its replacement."""

    def agree(dialog: QFileDialog) -> None:
        for question in dialog.findChildren(QMessageBox):
            question.button(QMessageBox.StandardButton.Yes).click()
            return
        QTimer.singleShot(20, lambda: agree(dialog))

    def answer(dialog: QFileDialog, name: QLineEdit) -> None:
        QTimer.singleShot(20, lambda: agree(dialog))
        called(path)(dialog, name)

    return answer


def accepted(bench: Bench) -> np.ndarray:
    bench.click((5, 10))  # in micrometres
    bench.idle()
    bench.press(Qt.Key.Key_Return)
    labels = np.array(bench.layer("labels").data)
    assert labels.any()
    return labels


@pytest.fixture
def bench(open_dock: Open, tmp_path: Path) -> Bench:
    """A dock on an image of a file, with the size of its pixels."""
    image = tmp_path / "cells.ome.tif"
    size = {"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm"}
    size |= {"PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "µm"}
    tifffile.imwrite(image, picture(40, 48), metadata=size)
    opened = open_dock(show=True)
    add_image(opened.viewer, image, read_pyramid(image))
    opened.wait(lambda: opened.controller.workspace is not None)
    opened.idle()
    return opened


def test_the_name_chooses_the_format_and_the_size_of_pixels_is_written(
    bench: Bench, tmp_path: Path
) -> None:
    labels = accepted(bench)
    assert save(bench, called(tmp_path / "x.ome.tif")) == str(tmp_path / "cells_labels.ome.tif")
    assert bench.dock.status.text().startswith("Saved as x.ome.tif.")
    with tifffile.TiffFile(tmp_path / "x.ome.tif") as file:
        np.testing.assert_array_equal(file.asarray(), labels)
        assert 'PhysicalSizeX="0.5"' in (file.ome_metadata or "")
    save(bench, called(tmp_path / "y.ome.zarr"))
    array = zarr.open_group(tmp_path / "y.ome.zarr", mode="r")["0"]
    np.testing.assert_array_equal(np.squeeze(np.asarray(array)), labels)


def test_without_labels_and_over_the_image_nothing_is_saved(bench: Bench, tmp_path: Path) -> None:
    image, before = tmp_path / "cells.ome.tif", (tmp_path / "cells.ome.tif").read_bytes()
    QTest.mouseClick(bench.dock.correct_row.save_button, Qt.MouseButton.LeftButton)
    assert bench.dock.status.text().startswith(NOTHING)
    accepted(bench)
    save(bench, lambda dialog, name: dialog.reject())
    assert list(tmp_path.glob("*.*")) == [image]
    save(bench, replacing(image))
    assert "image" in bench.dock.status.text()
    assert image.read_bytes() == before
