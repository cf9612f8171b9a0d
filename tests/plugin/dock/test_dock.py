"""The dock in a real napari window: real clicks and keys, a real worker, a random model."""

from typing import Any

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtWidgets import QApplication, QLabel

from napari_sam import Session
from napari_sam.plugin.commands import SamWidget, napari_too_old
from napari_sam.plugin.settings import Settings
from tests.plugin.bench import Bench, Open, picture

# --- what is seen ----------------------------------------------------------------------------


def test_the_model_sees_the_contrast_on_the_screen(open_dock: Open) -> None:
    bench = open_dock(picture(48, 64))
    image = bench.controller.workspace.image
    bench.add(20, 20)
    bench.idle()
    before = bench.shown()
    bench.drop()
    image.contrast_limits = (100, 120)
    bench.add(20, 20)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(20, 20)]))
    assert (bench.shown() != before).any()


def test_a_new_contrast_asks_about_the_object_again(open_dock: Open) -> None:
    bench = open_dock(picture(48, 64), contrast_limits=(0, 255))
    view, image = bench.controller.model_view, bench.viewer.layers["cells"]
    image.contrast_limits = (0, 200)
    bench.wait(lambda: not view.busy)
    assert "the model sees it from the next click on" in bench.dock.status.text()
    bench.add(20, 20)
    bench.idle()
    before = bench.shown()
    image.contrast_limits = (100, 120)
    bench.controller.desk.look()  # as others do, for example for the preview under the mouse
    bench.wait(lambda: not view.busy)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(20, 20)]))
    assert (bench.shown() != before).any()
    image.opacity = 0.5  # means nothing to the model
    image.contrast_limits = (100, 120)
    line = bench.dock.status.text()
    bench.wait(lambda: not view.busy)
    assert bench.dock.status.text() == line


def test_a_new_contrast_on_the_screen_is_nothing_to_a_model_with_its_own(open_dock: Open) -> None:
    bench = open_dock(picture(48, 64), contrast_limits=(0, 255))
    bench.dock.image_row.auto_contrast.click()
    assert "The image on the screen stays as it is" in bench.dock.status.text()
    bench.add(20, 20)
    bench.idle()
    begun, before = bench.model.begun, bench.shown()
    bench.viewer.layers["cells"].contrast_limits = (100, 120)
    bench.wait(lambda: not bench.controller.model_view.busy)
    bench.idle()
    assert bench.model.begun == begun
    np.testing.assert_array_equal(bench.shown(), before)


def test_automatic_contrast_asks_again(open_dock: Open) -> None:
    data = picture(48, 64)
    bench = open_dock(data, contrast_limits=(100, 120))
    bench.add(20, 20)
    bench.idle()
    bench.dock.image_row.auto_contrast.click()
    bench.idle()
    session = Session.open(data, model=bench.model, contrast="auto", cache_dir=False)
    mask = session.predict(points=[(20, 20)])
    assert bench.controller.object.masks[()].bbox == mask.bbox
    np.testing.assert_array_equal(bench.controller.object.masks[()].pixels, mask.pixels)


@pytest.mark.parametrize(
    ("data", "options", "place"),
    [
        (picture(40, 48, 3), {"rgb": True}, (20, 20)),
        ([picture(64, 64), picture(32, 32)], {"multiscale": True}, (20, 20)),
        (picture(3, 40, 48), {"axis_labels": ("c", "y", "x")}, (0, 20, 20)),
        (picture(2, 3, 40, 48) > 128, {}, (1, 2, 20, 20)),
    ],
    ids=["rgb", "multiscale", "channels", "time-z-bool"],
)
def test_images_of_every_kind(
    open_dock: Open, data: Any, options: dict[str, Any], place: tuple[int, ...]
) -> None:
    bench = open_dock(data, **options)
    bench.add(*place)
    bench.idle()
    assert bench.controller.object.masks, bench.dock.status.text()
    area = sum(mask.area for mask in bench.controller.object.masks.values())
    bench.accept()
    labels = bench.layer("labels")
    assert np.count_nonzero(labels.data[place[:-2]]) == area > 0
    assert labels.ndim == bench.controller.workspace.image.ndim


def test_seven_dimensions_are_refused(open_dock: Open) -> None:
    bench = open_dock(np.zeros((1, 1, 1, 1, 2, 8, 8), np.uint8))
    assert "7 dimensions" in bench.dock.status.text()
    assert bench.names() == ["cells"]


# --- stacks ----------------------------------------------------------------------------------


def test_the_mask_goes_into_the_slice_of_the_click(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48), scale=(2, 0.5, 0.5))
    bench.viewer.dims.set_current_step(0, 3)
    with bench.model.held():
        bench.add(3, 20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.viewer.dims.set_current_step(0, 5)
    bench.idle()
    bench.accept()
    assert set(np.nonzero(bench.layer("labels").data)[0]) == {3}


def test_one_object_in_two_slices_is_one_label(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48))
    bench.add(3, 20, 20)
    bench.idle()
    first = bench.shown()
    bench.add(4, 20, 20)
    bench.idle()
    assert "2 slices" in bench.dock.status.text()
    np.testing.assert_array_equal(bench.shown()[3], first[3])
    bench.accept()
    labels = bench.layer("labels").data
    assert set(np.nonzero(labels)[0]) == {3, 4}
    assert labels.max() == 1
    bench.undo_labels()
    assert not labels.any()


def test_a_deleted_click_takes_its_mask_along(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48))
    bench.add(3, 20, 20)
    bench.add(4, 20, 20)
    bench.idle()
    bench.layer("points").remove([0])
    bench.idle()
    assert list(bench.controller.object.masks) == [(4,)]
    assert not bench.shown()[3].any()


# --- trouble ---------------------------------------------------------------------------------


def last_notification() -> str:
    return str(notification_manager.records[-1].message)


def test_without_an_image_the_dock_says_so_and_waits(open_dock: Open) -> None:
    bench = open_dock()
    assert "no image layer" in bench.dock.status.text()
    assert not bench.dock.everything_box.slice_button.isEnabled()
    bench.viewer.add_image(picture(40, 48), name="late")
    bench.idle()
    assert bench.dock.image_row.images.currentText() == "late"
    bench.add(20, 20)
    bench.idle()
    assert bench.controller.object.masks


def test_a_click_outside_is_refused_and_the_others_stay(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    before = bench.shown()
    bench.add(100, 20)
    bench.idle()
    assert "outside of the image" in last_notification()
    assert len(bench.layer("points").data) == 1
    np.testing.assert_array_equal(bench.shown(), before)


def test_only_background_asks_for_the_object(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.controller.tools.choose("background")
    bench.add(20, 20)
    bench.idle()
    assert "click on the object" in bench.dock.status.text()
    assert not bench.controller.object.masks


def test_an_unknown_model_is_one_line(make_napari_viewer_proxy: Any, qtbot: Any) -> None:
    viewer = make_napari_viewer_proxy()
    dock = SamWidget(viewer, Settings(model="no-such-model", cache_dir=False))
    viewer.window.add_dock_widget(dock, name="SAM")
    qtbot.waitUntil(lambda: not dock.controller.runner.busy, timeout=60_000)
    assert "no model 'no-such-model'" in last_notification()
    assert "\n" not in last_notification()


def test_a_fault_in_the_worker_does_not_stop_the_dock(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.model.image_encoder.register_forward_hook(_out_of_memory)
    try:
        bench.add(20, 20)
        bench.idle()
        assert "out of memory" in last_notification()
        assert "out of memory" in bench.dock.status.text()
    finally:
        bench.model.image_encoder._forward_hooks.clear()
    bench.add(22, 22)
    bench.idle()
    assert bench.controller.object.masks


def _out_of_memory(*args: Any) -> None:
    raise RuntimeError("out of memory")


def test_an_image_renamed_and_removed_while_the_model_works(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    image = bench.viewer.layers["cells"]
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        image.name = "renamed"
        QApplication.processEvents()
        assert bench.dock.image_row.images.currentText() == "renamed"
        bench.viewer.layers.remove(image)
        QApplication.processEvents()
    bench.idle()
    assert "no image layer" in bench.dock.status.text()
    assert bench.names() == ["SAM points"]  # the click: nothing is lost


def test_all_layers_can_be_cleared(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    bench.viewer.layers.clear()
    bench.idle()
    assert bench.names() == []
    bench.viewer.add_image(picture(40, 48, seed=1))
    bench.idle()
    bench.add(20, 20)
    bench.idle()
    assert bench.controller.object.masks


def test_another_image_gets_layers_of_its_own(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), name="first")
    bench.add(20, 20)
    bench.idle()
    bench.accept()
    bench.viewer.add_image(picture(64, 80), name="second", scale=(3, 3))
    bench.idle()
    assert bench.dock.image_row.images.currentText() == "second"  # which covers the first
    bench.add(50, 60)
    bench.idle()
    bench.accept()
    labels = [layer for layer in bench.viewer.layers if layer.name.startswith("SAM labels")]
    assert [layer.data.shape for layer in labels] == [(40, 48), (64, 80)]
    assert all(layer.data.max() == 1 for layer in labels)


def owner(callback: Any) -> str:
    """Module of the object that an event would call."""
    target = callback[0]() if isinstance(callback, tuple) else callback
    return str(getattr(target, "__module__", type(target).__module__))


def test_an_open_dock_listens(open_dock: Open) -> None:
    bench = open_dock(picture(8, 8))
    listeners = map(owner, bench.layer("points").events.data.callbacks)
    assert "napari_sam.plugin.clicks.prompt_events" in listeners


def test_closing_leaves_no_keys_callbacks_or_work(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    image, events = bench.viewer.layers["cells"], bench.viewer.layers.events
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        points = bench.layer("points")
        bench.viewer.window.remove_dock_widget(bench.dock)
    bench.wait(lambda: not bench.controller.runner.busy)
    assert dict(points.keymap) == {}
    for emitter in (
        events.inserted,
        events.removed,
        image.events.name,
        image.events.scale,
        points.events.data,
        points.events.features,
    ):
        assert not [name for name in map(owner, emitter.callbacks) if "napari_sam" in name]
    assert bench.names() == ["cells", "SAM points"]  # an unfinished click is not thrown away


def test_reopening_goes_on_where_it_was_left(open_dock: Open, qtbot: Any) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    bench.accept()
    bench.add(30, 30)
    bench.idle()
    expected = bench.shown()
    bench.viewer.window.remove_dock_widget(bench.dock)
    again = Bench(bench.viewer, bench.model, qtbot)
    again.idle()
    np.testing.assert_array_equal(again.shown(), expected)
    again.accept()
    assert again.layer("labels").data.max() == 2
    assert len([name for name in again.names() if name.startswith("SAM")]) == 4
    again.controller.close()


# --- looks -----------------------------------------------------------------------------------


def test_the_dock_shows_model_and_keys_and_fits_a_small_screen(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    assert bench.dock.model_row.model.text() == "tiny-random on CPU"
    shown = " ".join(label.text() for label in bench.dock.findChildren(QLabel))
    for key in ("Enter", "Escape", "Q", "W", "U"):
        assert f"<b>{key}</b>" in shown
    hint = bench.dock.minimumSizeHint()
    assert hint.height() <= 650
    assert hint.width() <= 320


@pytest.mark.parametrize(("version", "old"), [("0.8.3", True), ("0.9.0", False), ("1.0.0", False)])
def test_an_old_napari_is_named(version: str, old: bool) -> None:
    message = napari_too_old(version)
    assert (message is not None) is old
    assert message is None or "0.9 or newer" in message
