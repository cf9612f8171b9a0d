"""All labels measured from the dock: in the table that napari shows, beside class and score."""

from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication
from skimage.measure import regionprops_table

from tests.plugin.bench import Bench, Open, picture


def measured(bench: Bench) -> dict[int, dict[str, Any]]:
    """The features of the labels after a press of the button, by label."""
    bench.dock.everything_box.set_open()
    QApplication.processEvents()  # the section is laid out
    bench.qtbot.mouseClick(bench.dock.everything_box.measure_button, Qt.MouseButton.LeftButton)
    bench.idle()
    rows = bench.layer("labels").features.to_dict("records")
    return {row["index"]: row for row in rows}


def paint(bench: Bench, labels: np.ndarray) -> None:
    """Labels as an annotator leaves them."""
    bench.controller.workspace.labels_layer.ensure().data[...] = labels


def test_what_is_measured_is_what_regionprops_says(open_dock: Open) -> None:
    image = picture(40, 48)
    bench = open_dock(image, show=True, scale=(0.5, 0.25), units=("um", "um"))
    labels = np.zeros((40, 48), np.int32)
    labels[5:15, 10:30], labels[20:40, 30:48], labels[22:25, 33:36] = 4, 9, 0
    paint(bench, labels)
    found = measured(bench)
    expected = regionprops_table(
        labels,
        image,
        spacing=(0.5, 0.25),
        properties=("label", "area", "centroid", "intensity_mean"),
    )
    assert list(found) == expected["label"].tolist() == [4, 9]
    for i, row in enumerate(found.values()):
        assert row["unit"] in ("um", "micrometer")
        np.testing.assert_allclose(row["area"], expected["area"][i])
        np.testing.assert_allclose(row["centroid_y"], expected["centroid-0"][i])
        np.testing.assert_allclose(row["centroid_x"], expected["centroid-1"][i])
        np.testing.assert_allclose(row["intensity_mean"], expected["intensity_mean"][i])
    assert "2 objects are measured" in bench.dock.status.text()


def test_classes_stay_beside_the_numbers_and_the_numbers_beside_classes(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    labels = np.zeros((40, 48), np.int32)
    labels[5:15, 10:30], labels[20:40, 30:48] = 4, 9
    paint(bench, labels)
    work = bench.controller.workspace
    work.classes.change(work.classes.table.add("round").assign({9: "round"}))
    found = measured(bench)
    assert {label: row["class"] for label, row in found.items()} == {4: "", 9: "round"}
    assert {label: row["pixels"] for label, row in found.items()} == {4: 200, 9: 360}
    work.classes.change(work.classes.table.assign({4: "round"}))
    features = bench.layer("labels").features
    assert dict(zip(features["index"], features["class"], strict=True)) == {9: "round", 4: "round"}
    assert dict(zip(features["index"], features["pixels"], strict=True)) == {9: 360, 4: 200}


def test_of_a_series_the_frame_that_is_shown_is_in_the_table(open_dock: Open) -> None:
    bench = open_dock(picture(3, 40, 48), show=True, axis_labels=("t", "y", "x"))
    labels = np.zeros((3, 40, 48), np.int32)
    labels[0, :10, :10], labels[1, :10, :20], labels[1, 20:, 20:] = 1, 1, 2
    paint(bench, labels)
    bench.viewer.dims.set_point(0, 1)
    assert {label: row["pixels"] for label, row in measured(bench).items()} == {1: 200, 2: 560}
    assert "in frame 1" in bench.dock.status.text()
    bench.viewer.dims.set_point(0, 0)
    assert {label: row["pixels"] for label, row in measured(bench).items()} == {1: 100}


def test_without_labels_it_says_what_to_do(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    bench.dock.everything_box.set_open()
    bench.qtbot.mouseClick(bench.dock.everything_box.measure_button, Qt.MouseButton.LeftButton)
    bench.idle()
    assert "There are no labels yet: accept objects first." in bench.dock.status.text()
