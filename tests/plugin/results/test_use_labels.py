"""Work goes on with labels of a file: pick up, correct, accept, undo, save, crash and restore."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.layers import Image, Labels

from napari_sam.errors import LabelError
from napari_sam.labels.files.write import write_labels
from napari_sam.plugin.image.image_source import ImageSource, read_image_layer
from napari_sam.plugin.labels.fitted import fitted_labels
from tests.plugin.bench import Bench, Open, picture
from tests.plugin.journals import crash, replayed
from tests.plugin.scene import Scene


def two_cells(*shape: int) -> np.ndarray:
    labels = np.zeros(shape, np.uint32)
    labels[..., 4:12, 5:14] = 7
    labels[..., 25:35, 30:44] = 9
    return labels


def open_and_use(bench: Bench, path: Path) -> Labels:
    bench.controller.use_labels._ask_file = lambda: path  # the user's choice in the dialog
    bench.dock.accept_box.file_button.click()
    bench.idle()
    used: Labels = bench.controller.workspace.labels
    return used


@pytest.mark.parametrize("name", ["old_labels.tif", "old.ome.zarr"])
def test_labels_of_a_file_are_corrected_and_added_to(
    open_dock: Open, tmp_path: Path, name: str
) -> None:
    data, saved = picture(40, 48), two_cells(40, 48)
    write_labels(tmp_path / name, saved)
    bench = open_dock(data, show=True)
    layer = open_and_use(bench, tmp_path / name)
    assert layer.name == name.split(".")[0]
    assert bench.dock.status.text() == f"{layer.name} is in use now: go on in it. " + (
        "Click on an object. 2 objects wait for review: Next [Shift-S]."
    )
    assert "SAM labels" not in bench.names()  # it was empty
    assert bench.viewer.layers.index(layer) < bench.viewer.layers.index(bench.layer("preview"))
    np.testing.assert_array_equal(layer.data, saved)
    np.testing.assert_array_equal(replayed(layer), saved)

    bench.move((8, 9))
    bench.controller.actions.run("pick_up")
    bench.idle()
    assert "Correcting label 7" in bench.dock.status.text()
    bench.drop()
    bench.add(18, 20)
    bench.idle()
    bench.accept()
    accepted = layer.data.copy()
    assert accepted.max() == 10
    np.testing.assert_array_equal(accepted[saved > 0], saved[saved > 0])
    np.testing.assert_array_equal(replayed(layer), accepted)
    bench.undo()
    np.testing.assert_array_equal(layer.data, saved)
    np.testing.assert_array_equal(replayed(layer), saved)
    bench.redo()
    np.testing.assert_array_equal(layer.data, accepted)

    crash()
    again = open_dock(data)
    assert again.dock.restore_box.text.text().startswith("1 object of ")
    again.dock.restore_box.restore_button.click()
    np.testing.assert_array_equal(again.layer("labels").data, accepted)


def test_a_reopened_dock_goes_on_in_the_labels_in_use(open_dock: Open, qtbot: object) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(18, 20)
    bench.idle()
    bench.accept()
    own = bench.layer("labels")
    other = bench.viewer.add_labels(two_cells(40, 48), name="mine")
    bench.dock.accept_box.use_button.click()  # the only other one
    assert bench.controller.workspace.labels == other
    assert own in bench.viewer.layers  # it has an object
    bench.controller.close()
    again = Bench(bench.viewer, bench.model, qtbot)
    assert again.controller.workspace.labels == other
    bench.viewer.layers.selection.active = own
    again.dock.accept_box.use_button.click()
    assert again.controller.workspace.labels == own
    np.testing.assert_array_equal(replayed(own), own.data)
    again.controller.close()


def test_labels_that_do_not_fit_are_named(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    before = bench.controller.workspace.labels
    assert before is not None
    bench.dock.accept_box.use_button.click()
    assert bench.dock.status.text().startswith("Select the Labels layer")
    layer = bench.viewer.add_labels(two_cells(40, 49), name="other")
    bench.dock.accept_box.use_button.click()
    assert bench.dock.status.text().startswith(
        "other does not fit cells: it has 40 x 49 pixels, and the image 40 x 48."
    )
    assert bench.controller.workspace.labels == before
    assert layer in bench.viewer.layers


def test_an_object_under_way_is_ended_first(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.viewer.add_labels(two_cells(40, 48), name="mine")
    before = bench.controller.workspace.labels
    bench.add(18, 20)
    bench.idle()
    for button in (bench.dock.accept_box.use_button, bench.dock.accept_box.file_button):
        button.click()
        assert bench.dock.status.text().startswith("Accept or drop the object under way first")
    assert bench.controller.workspace.labels == before


def test_a_label_of_another_layer_is_named_by_pick_up(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    bench.viewer.add_labels(two_cells(40, 48), name="mine")
    bench.move((8, 9))
    bench.controller.actions.run("pick_up")
    line = "mine is not in use: select it, and press Use these labels."
    assert bench.dock.status.text().startswith(line)


# --- the labels of a layer, without a window ---------------------------------------------------


@pytest.fixture
def source() -> ImageSource:
    return read_image_layer(Scene().layer, (0.0, 0.0, 0.0), auto_contrast=False)


def test_an_array_in_memory_is_used_as_it_is(source: ImageSource) -> None:
    data = np.zeros(source.label_shape, np.uint32)
    assert fitted_labels(Labels(data), source) is data


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16])
def test_other_arrays_are_copied(source: ImageSource, dtype: type, tmp_path: Path) -> None:
    data = np.zeros(source.label_shape, dtype)
    data[1, 2, 3] = 5
    path = tmp_path / "labels.tif"
    tifffile.imwrite(path, data, photometric="minisblack")
    mapped = tifffile.memmap(path)
    for each in (data, mapped, data[None], [data, data[:, ::2, ::2]]):
        layer = Labels(each, multiscale=isinstance(each, list))
        labels = fitted_labels(layer, source)
        assert labels.dtype == np.uint32
        np.testing.assert_array_equal(labels, data)
        labels[...] = 1
    np.testing.assert_array_equal(tifffile.imread(path), data)


def test_labels_of_channels_are_one(source: ImageSource) -> None:
    viewer_image = Scene().viewer.add_layer(
        Image(np.zeros((2, 10, 12)), axis_labels=("c", "y", "x"))
    )
    channels = read_image_layer(viewer_image, (0.0, 0.0, 0.0), auto_contrast=False)
    plane = np.arange(120, dtype=np.uint32).reshape(10, 12)
    for data in (plane, np.stack([plane, plane])):
        labels = fitted_labels(Labels(data), channels)
        np.testing.assert_array_equal(labels, np.stack([plane, plane]))
        labels[0, 0, 0] = 500
        assert labels[1, 0, 0] == 500
    with pytest.raises(LabelError, match="differs between channels"):
        fitted_labels(Labels(np.stack([plane, plane + 1])), channels)
