"""Objects of other programs are loaded, compared with the model, and reviewed by doubt."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from skimage.measure import label

from napari_sam.image.volume import Volume
from napari_sam.labels.classes import ClassTable
from napari_sam.measure.save import save_measures
from napari_sam.plugin.labels.rating import Look, Source
from napari_sam.plugin.labels.unknown_labels import unknown_labels
from tests.plugin.bench import Bench, Open, picture
from tests.plugin.journals import crash, replayed

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier

MERGED = 5
"""Label of two discs."""


def discs() -> tuple[np.ndarray, np.ndarray]:
    """Nine bright discs on noise, and labels in which two of them are one object."""
    y, x = np.mgrid[:96, :96]
    image = np.random.default_rng(0).integers(0, 40, (96, 96))
    inside = np.zeros(image.shape, bool)
    for row in (18, 48, 78):
        for column in (18, 48, 78):
            inside |= (y - row) ** 2 + (x - column) ** 2 < 64
    labels = label(inside).astype(np.uint32)
    labels[labels == MERGED + 1] = MERGED
    return (image + 120 * inside).astype(np.uint8), labels


def export(path: Path, labels: np.ndarray) -> Path:
    """Outlines with a class, as another program writes them."""
    image = Volume.from_array(labels)
    classes = ClassTable().add("round", "#112233").assign({1: "round"})
    list(save_measures([path], labels, image.calibration, classes=classes))
    return path


def load(bench: Bench, path: Path) -> Any:
    """Choose a file in the dialog of the button."""
    box = bench.dock.accept_box
    bench.controller.use_labels._ask_file = lambda: path  # the user's choice in the dialog
    box.set_open()
    bench.wait(lambda: box.file_button.height() > 0)  # the open fold is laid out
    work = bench.controller.workspace
    before = work.labels
    QTest.mouseClick(box.file_button, Qt.MouseButton.LeftButton)
    bench.wait(lambda: work.labels != before or not bench.controller.runner.busy)
    return work.labels


def press(bench: Bench, letter: str, how: Any = SHIFT) -> None:
    QTest.keyClick(bench.native, getattr(Qt.Key, f"Key_{letter}"), how)
    bench.idle()


def ratings(bench: Bench) -> Any:
    return bench.controller.workspace.ratings.of_label


def scores(layer: Any) -> dict[int, float]:
    pairs = zip(layer.features["index"], layer.features["score"], strict=True)
    return {int(number): float(score) for number, score in pairs if not np.isnan(score)}


@pytest.mark.parametrize("suffix", [".geojson", ".zip"])
def test_review_of_outlines_starts_where_the_model_disagrees(
    open_cells_tiny: Open, tmp_path: Path, suffix: str
) -> None:
    image, labels = discs()
    bench = open_cells_tiny(image, show=True, contrast_limits=(0, 255))
    layer = load(bench, export(tmp_path / f"nuclei{suffix}", labels))
    bench.idle()
    assert layer.name == "nuclei"
    np.testing.assert_array_equal(layer.data, labels)
    assert bench.controller.workspace.classes.table.class_of(1) == "round"
    by_label = scores(layer)
    assert sorted(by_label) == [1, 2, 3, 4, 5, 7, 8, 9]
    assert min(by_label, key=lambda number: by_label[number]) == MERGED
    assert unknown_labels(ratings(bench)) == set(by_label)  # nobody has looked
    box = bench.dock.everything_box.review_box
    assert box.text.text() == "Review: 0 of 8, least sure first"

    press(bench, "S")
    agreement = f"Label 5: the model agrees by {by_label[MERGED]:.0%}"
    assert bench.dock.status.text().startswith(agreement)
    press(bench, "D")
    assert not (layer.data == MERGED).any()
    assert ratings(bench)[MERGED].look is Look.DROPPED
    unknown = unknown_labels(ratings(bench))
    assert len(unknown) == 3  # a third of eight, the dropped one among them
    assert MERGED in unknown
    press(bench, "Z", CTRL)
    np.testing.assert_array_equal(layer.data, labels)
    assert ratings(bench)[MERGED].look is Look.WAITING


def test_loading_is_a_step_and_outlives_a_crash(open_cells_tiny: Open, tmp_path: Path) -> None:
    image, labels = discs()
    path = export(tmp_path / "nuclei.geojson", labels)
    bench = open_cells_tiny(image, show=True, contrast_limits=(0, 255))
    blank = bench.layer("labels")
    layer = load(bench, path)
    bench.idle()
    compared = ratings(bench)
    assert {rating.source for rating in compared.values()} == {Source.COMPARED}
    press(bench, "Z", CTRL)
    assert bench.controller.workspace.labels == blank
    assert layer not in bench.viewer.layers
    assert not bench.dock.everything_box.review_box.isVisible()
    press(bench, "Z", CTRL | SHIFT)
    assert bench.controller.workspace.labels == layer
    assert blank not in bench.viewer.layers
    assert ratings(bench) == compared
    np.testing.assert_array_equal(replayed(layer), labels)

    press(bench, "S")
    press(bench, "D")
    crash()
    again = open_cells_tiny(image, contrast_limits=(0, 255))
    again.dock.restore_box.restore_button.click()
    again.idle()
    restored = ratings(again)
    assert restored[MERGED].look is Look.DROPPED
    assert {n: r.score for n, r in restored.items()} == {n: r.score for n, r in compared.items()}
    assert {rating.source for rating in restored.values()} == {Source.COMPARED}
    expected = np.where(labels == MERGED, 0, labels)
    np.testing.assert_array_equal(again.layer("labels").data, expected)


def test_objects_that_were_not_compared_are_reviewed_too(open_dock: Open, tmp_path: Path) -> None:
    labels = np.zeros((40, 48), np.uint16)
    labels[4:12, 5:14], labels[25:35, 30:44] = 7, 9
    tifffile.imwrite(tmp_path / "cp_masks.tif", labels)
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        layer = load(bench, tmp_path / "cp_masks.tif")
        bench.wait(bench.model.inside.is_set)
        bench.wait(lambda: len(ratings(bench)) == 2)
        assert {rating.source for rating in ratings(bench).values()} == {Source.LOADED}
        assert bench.dock.everything_box.review_box.text.text().startswith("Review: 0 of 2")
        bench.cancel()
    bench.idle()
    assert bench.dock.status.text().startswith("Cancelled. ")
    assert "score" not in layer.features or scores(layer) == {}
    np.testing.assert_array_equal(layer.data, labels)
    bench.controller.actions.run("review_next")
    status = bench.dock.status
    bench.wait(lambda: status.text().startswith("Label 7: not compared with the model."))


def test_other_labels_end_the_comparison_and_are_compared(open_dock: Open, tmp_path: Path) -> None:
    first, second = (np.zeros((40, 48), np.uint16) for _ in range(2))
    first[4:12, 5:14], second[25:35, 30:44] = 7, 9
    tifffile.imwrite(tmp_path / "first.tif", first)
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        before = load(bench, tmp_path / "first.tif")
        bench.wait(bench.model.inside.is_set)
        bench.wait(lambda: len(ratings(bench)) == 1)
        bench.viewer.layers.selection.active = bench.viewer.add_labels(second, name="cp_masks")
        bench.dock.accept_box.use_button.click()
    bench.idle()
    assert {n: r.source for n, r in ratings(bench).items()} == {9: Source.COMPARED}
    assert {r.source for r in before.metadata["napari-sam-ratings"].values()} == {Source.LOADED}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"type": "Topology"}, "is JSON, but no GeoJSON"),
        ([{"geometry": {"type": "Point", "coordinates": [3, 4]}}], "holds no polygon"),
        (
            {"type": "Polygon", "coordinates": [[[900, 900], [990, 900], [990, 990]]]},
            "all 1 outlines lie outside of cells, which is 48 x 40 pixels",
        ),
    ],
)
def test_what_cannot_be_loaded_is_named_and_nothing_changes(
    open_dock: Open, tmp_path: Path, document: Any, problem: str
) -> None:
    path = tmp_path / "cells.geojson"
    path.write_text(json.dumps(document))
    bench = open_dock(picture(40, 48))
    before, names = bench.controller.workspace.labels, bench.names()
    load(bench, path)
    assert problem in bench.dock.status.text()
    assert bench.controller.workspace.labels == before
    assert bench.names() == names
    assert bench.controller.workspace.history.next_undo == ""
