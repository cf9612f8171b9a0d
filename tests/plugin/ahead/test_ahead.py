"""Encoding ahead: what is ready before the click, what a click overtakes, and how it ends."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from napari._qt.widgets.qt_progress_bar import QtLabeledProgressBar
from qtpy.QtWidgets import QApplication, QPushButton

from napari_sam import Session
from napari_sam.plugin.ahead.ahead import Ahead
from napari_sam.plugin.settings import Settings, read_settings
from tests.plugin.bench import Bench, GatedSam, Open, picture


@pytest.fixture
def open_ahead(open_dock: Open, gated_model: GatedSam, tmp_path: Path) -> Open:
    """Opens the dock as users have it: encoding ahead, into a cache."""

    def opened(data: np.ndarray, cache: bool = True, **kwargs: Any) -> Bench:
        settings = Settings(gated_model, cache_dir=tmp_path / "cache" if cache else False)
        return open_dock(data, settings=settings, **kwargs)

    return opened


def ahead(bench: Bench) -> Ahead:
    return bench.controller.ahead


def ready(bench: Bench) -> set[tuple[int, ...]]:
    """Planes, rows and columns of the tiles that are ready for what is shown."""
    work = bench.controller.workspace
    source = bench.controller.desk.read_image(work.image)
    return {(*tile.plane, tile.row, tile.col) for tile in ahead(bench).ready(source)}


def calls(bench: Bench) -> int:
    session = bench.controller.engine._session
    return 0 if session is None else session.encoder.calls


def go(bench: Bench, plane: int) -> None:
    bench.viewer.dims.set_point(0, plane)


def settle(bench: Bench) -> None:
    """Until the view has rested, and all that comes of it is done."""
    QApplication.processEvents()
    bench.wait(lambda: not ahead(bench)._rested._hasPendingEmission)
    bench.idle()
    bench.wait(lambda: not ahead(bench)._draw_timer.isActive())
    bench.idle()


# --- around the view -------------------------------------------------------------------------


def test_a_click_is_answered_while_the_encoder_is_busy_elsewhere(open_ahead: Open) -> None:
    bench = open_ahead(picture(30, 40, 48))
    settle(bench)
    here = int(bench.viewer.dims.point[0])
    assert ready(bench) == {(z, 0, 0) for z in range(here - 3, here + 4)}
    before = calls(bench)
    with bench.model.held():  # whatever would be encoded now, would never come
        bench.add(here, 20, 20)
        bench.wait(lambda: bench.controller.object.masks)
    assert calls(bench) == before
    expected = bench.expected(points=[(here, 20, 20)])
    difference = abs(int(bench.shown().sum()) - int(expected.sum()))
    assert difference <= 0.01 * expected.sum()  # rounded for the cache


def test_what_is_on_the_screen_stays_at_hand_while_others_are_encoded(open_ahead: Open) -> None:
    bench = open_ahead(picture(30, 40, 48))
    here = int(bench.viewer.dims.point[0])
    bench.dock.everything_box.ahead.everything.click()
    settle(bench)
    assert len(ready(bench)) == 30
    assert in_memory(bench, here)
    go(bench, 1)  # from the disk
    settle(bench)
    assert in_memory(bench, 1)
    assert calls(bench) == 30


def in_memory(bench: Bench, plane: int) -> bool:
    encoder = bench.controller.engine._session.encoder
    return (plane,) in {tile.plane for tile in encoder.in_memory()}


def test_the_next_planes_are_encoded_where_the_slider_goes(open_ahead: Open) -> None:
    bench = open_ahead(picture(30, 40, 48))
    settle(bench)
    here = int(bench.viewer.dims.point[0])
    go(bench, here + 6)
    settle(bench)
    assert {z for z, _, _ in ready(bench)} == {
        *range(here - 3, here + 4),
        *range(here + 5, here + 10),
    }


def test_a_view_that_is_passed_through_is_not_encoded(open_ahead: Open) -> None:
    bench = open_ahead(picture(60, 40, 48))
    settle(bench)
    here = int(bench.viewer.dims.point[0])
    for z in range(here, here + 21):
        go(bench, z)
        QApplication.processEvents()
    settle(bench)
    assert not {(z, 0, 0) for z in range(here + 5, here + 18)} & ready(bench)
    assert (here + 20, 0, 0) in ready(bench)


def test_only_what_is_on_the_screen_and_around_it_is_encoded(open_ahead: Open) -> None:
    bench = open_ahead(picture(1030, 5000), show=True)
    bench.viewer.scene.camera.zoom = 4
    bench.viewer.scene.camera.center = (500, 4900)
    settle(bench)
    settle(bench)
    tiles = ready(bench)
    assert (0, 5) in tiles
    assert (1, 4) in tiles
    bench.viewer.scene.camera.center = (500, 200)
    settle(bench)
    assert {(0, 0), (0, 1)} <= ready(bench)
    assert not {(0, 3), (1, 3)} & (ready(bench) - tiles)


def test_without_a_cache_no_more_is_encoded_than_memory_keeps(open_ahead: Open) -> None:
    bench = open_ahead(picture(30, 40, 48), cache=False)
    settle(bench)
    assert calls(bench) == 4
    here = int(bench.viewer.dims.point[0])
    go(bench, here + 10)
    settle(bench)
    assert calls(bench) == 8
    assert len(ready(bench)) == 6  # the others are gone
    assert (here + 10, 0, 0) in ready(bench)


def test_what_an_earlier_dock_has_encoded_is_found_in_the_cache(
    open_ahead: Open, qtbot: Any
) -> None:
    bench = open_ahead(picture(7, 40, 48))
    settle(bench)
    assert calls(bench) == 7
    bench.viewer.window.remove_dock_widget(bench.dock)
    again = Bench(
        bench.viewer,
        bench.model,
        qtbot,
        settings=Settings(bench.model, cache_dir=ahead_cache(bench)),
    )
    settle(again)
    assert len(ready(again)) == 7
    assert calls(again) == 0
    again.controller.close()


def test_what_a_click_has_encoded_is_found_in_the_cache(
    open_dock: Open, gated_model: GatedSam, tmp_path: Path
) -> None:
    settings = Settings(gated_model, cache_dir=tmp_path / "cache", prefetch=False)
    bench = open_dock(picture(2, 40, 48), settings=settings)
    for plane in (0, 1, 0):
        bench.add(plane, 20, 20)
        bench.idle()
    assert calls(bench) == 2
    again = open_dock(picture(2, 40, 48), settings=settings)
    for plane in (0, 1):
        again.add(plane, 20, 20)
        again.idle()
    assert len(again.controller.object.masks) == 2
    assert calls(again) == 0


@pytest.mark.parametrize("name", ["cells", "cells.ome"])
def test_what_the_command_line_has_encoded_needs_no_encoder_in_the_dock(
    open_dock: Open,
    gated_model: GatedSam,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    tifffile.imwrite(tmp_path / f"{name}.tif", picture(2, 40, 48), metadata={"axes": "ZYX"})
    monkeypatch.chdir(tmp_path)
    session = Session.open(f"{name}.tif", model=gated_model, contrast=(0, 255), cache_dir="cache")
    assert len(list(session.encode())) == 2
    settings = Settings(gated_model, cache_dir=tmp_path / "cache", prefetch=False)
    bench = open_dock(picture(40, 48), settings=settings)
    bench.viewer.layers.clear()
    bench.idle()
    (layer,) = bench.viewer.open(str(tmp_path / f"{name}.tif"), plugin="napari")
    layer.contrast_limits = (0, 255)
    bench.idle()
    begun = gated_model.begun
    bench.add(1, 20, 20)
    bench.idle()
    assert len(bench.controller.object.masks) == 1
    assert gated_model.begun == begun


def ahead_cache(bench: Bench) -> Any:
    return bench.controller.desk.settings.cache_dir


def test_another_image_of_the_same_name_is_not_taken_for_ready(open_ahead: Open) -> None:
    bench = open_ahead(picture(40, 48))
    settle(bench)
    assert calls(bench) == 1
    bench.viewer.layers.remove("cells")
    bench.viewer.add_image(picture(40, 48, seed=1), name="cells", contrast_limits=(0, 254))
    settle(bench)
    assert calls(bench) == 1  # a session of its own, which has encoded its own tile
    assert ready(bench) == {(0, 0)}


def test_nothing_is_encoded_where_it_is_switched_off(open_dock: Open, qtbot: Any) -> None:
    bench = open_dock(picture(5, 40, 48))
    go(bench, 1)
    qtbot.wait(500)
    bench.idle()
    assert bench.controller.engine._session is None
    assert "SAM prepared area" not in bench.names()


def test_a_quiet_look_around_does_not_offer_to_be_cancelled(open_ahead: Open) -> None:
    bench = open_ahead(picture(5, 40, 48))
    with bench.model.held():
        bench.wait(bench.model.inside.is_set)
        assert not bench.dock.cancel_button.isEnabled()
        bench.add(2, 20, 20)
        assert bench.dock.cancel_button.isEnabled()
    settle(bench)
    assert bench.controller.object.masks
    assert not bench.dock.cancel_button.isEnabled()


# --- everything ------------------------------------------------------------------------------


def held_in_everything(bench: Bench) -> None:
    bench.model.inside.clear()
    bench.dock.everything_box.ahead.everything.click()
    bench.wait(bench.model.inside.is_set)


def test_everything_is_encoded_and_then_it_says_so(open_dock: Open) -> None:
    bench = open_dock(picture(9, 40, 48))
    bench.dock.everything_box.ahead.everything.click()
    bench.idle()
    assert calls(bench) == 4  # without a cache there is room for no more
    bench.dock.everything_box.ahead.everything.click()
    assert not bench.dock.everything_box.ahead.everything.isChecked()


def test_everything_goes_into_the_cache(open_ahead: Open) -> None:
    bench = open_ahead(picture(30, 40, 48))
    bench.dock.everything_box.ahead.everything.click()
    settle(bench)
    assert ready(bench) == {(z, 0, 0) for z in range(30)}
    assert calls(bench) == 30
    assert "The whole image is prepared" in bench.dock.status.text()
    go(bench, 3)  # there is nothing left to do
    settle(bench)
    assert calls(bench) == 30


def test_a_click_overtakes_even_the_tile_under_way_and_it_goes_on(open_ahead: Open) -> None:
    bench = open_ahead(picture(30, 40, 48))
    settle(bench)
    order: list[tuple[int, ...]] = []
    with bench.model.held():
        held_in_everything(bench)
        runner = bench.controller.runner
        bench.add(29, 20, 20)
        QApplication.processEvents()
        assert runner._queue[0].replaceable
        for job in (runner._running, *runner._queue):
            job.receive = noting(job.receive, order)
    bench.wait(lambda: bench.controller.object.masks)
    assert order[0] == (29,)
    settle(bench)
    assert len(ready(bench)) == 30


def test_the_tile_under_way_is_not_begun_again_for_a_click_in_it(open_ahead: Open) -> None:
    bench = open_ahead(picture(40, 48))
    with bench.model.held():
        bench.wait(bench.model.inside.is_set)
        begun = bench.model.begun
        bench.add(20, 20)
    bench.wait(lambda: bench.controller.object.masks)
    settle(bench)
    assert bench.model.begun == begun
    assert calls(bench) == 1


def noting(receive: Callable[[Any], None], order: list[tuple[int, ...]]) -> Callable[[Any], None]:
    """Notes the planes of the tiles that become ready."""

    def noted(event: Any) -> None:
        order.extend(tile.plane for tile in getattr(event, "tiles", ()))
        receive(event)

    return noted


@pytest.mark.parametrize("where", ["dock", "activity"])
def test_cancel_acts_within_one_tile(open_ahead: Open, where: str) -> None:
    bench = open_ahead(picture(30, 40, 48))
    settle(bench)
    before = calls(bench)
    bench.dock.everything_box.ahead.everything.click()
    bench.wait(lambda: bars(bench))
    bench.model.gate.clear()
    bench.model.inside.clear()
    bench.wait(bench.model.inside.is_set)
    inside = calls(bench)
    (bar,) = bars(bench)
    assert "Preparing tile" in bar.description_label.text()
    if where == "dock":
        bench.dock.cancel_button.click()
    else:
        bar.cancel_button.click()
    bench.model.gate.set()
    settle(bench)
    assert before < calls(bench) <= inside + 1
    assert not bench.dock.everything_box.ahead.everything.isChecked()
    assert not bars(bench)


def bars(bench: Bench) -> list[Any]:
    window = bench.viewer.window.__wrapped__._qt_window
    found = window._activity_dialog.findChildren(QtLabeledProgressBar)
    return [bar for bar in found if bar.findChild(QPushButton) and not bar.isHidden()]


def test_the_time_left_is_in_the_activity_dock(open_ahead: Open) -> None:
    bench = open_ahead(picture(40, 40, 48))
    bench.dock.everything_box.ahead.everything.click()
    bench.wait(lambda: bars(bench) and "<" in bars(bench)[0].eta_label.text())
    assert bars(bench)[0].qt_progress_bar.maximum() == 40
    bench.cancel()


# --- what is ready, and what is stale --------------------------------------------------------


def test_the_outline_shows_what_is_ready_and_takes_nothing_over(open_ahead: Open) -> None:
    bench = open_ahead(picture(30, 40, 48))
    assert bench.viewer.layers.selection.active == bench.layer("points")
    settle(bench)
    assert bench.viewer.layers.selection.active == bench.layer("points")
    assert list(bench.viewer.layers.selection) == [bench.layer("points")]
    here = int(bench.viewer.dims.point[0])
    lines = np.array(bench.layer("prepared area").data)
    assert set(lines[..., 0].ravel()) == {here}
    assert lines[..., 1:].min(axis=(0, 1)).tolist() == [0, 0]
    assert lines[..., 1:].max(axis=(0, 1)).tolist() == [39, 47]
    bench.layer("prepared area").visible = False
    go(bench, here + 1)
    settle(bench)
    assert not bench.layer("prepared area").visible
    bench.viewer.layers.remove(bench.layer("prepared area"))
    go(bench, here + 3)
    settle(bench)
    assert "SAM prepared area" not in bench.names()
    bench.viewer.layers.remove("cells")
    settle(bench)
    assert not [name for name in bench.names() if "ready" in name]


def test_a_change_of_contrast_makes_it_stale_and_computes_nothing(
    open_ahead: Open, qtbot: Any
) -> None:
    bench = open_ahead(picture(7, 40, 48))
    image = bench.viewer.layers["cells"]
    settle(bench)
    limits, encoded = tuple(image.contrast_limits), calls(bench)
    assert len(bench.layer("prepared area").data) == 4
    image.contrast_limits = (10, 200)
    qtbot.wait(600)
    settle(bench)
    assert len(bench.layer("prepared area").data) == 0
    assert calls(bench) == encoded
    image.contrast_limits = limits
    settle(bench)
    assert len(bench.layer("prepared area").data) == 4
    image.contrast_limits = (10, 200)
    settle(bench)
    go(bench, 2)  # now they look at it
    settle(bench)
    assert len(bench.layer("prepared area").data) == 4
    assert ready(bench) == {(z, 0, 0) for z in range(4)}


def test_a_click_under_another_contrast_begins_anew(open_ahead: Open) -> None:
    bench = open_ahead(picture(7, 40, 48))
    settle(bench)
    bench.viewer.layers["cells"].contrast_limits = (10, 200)
    bench.add(3, 20, 20)
    settle(bench)
    settle(bench)
    assert len(ready(bench)) == 7


def test_another_contrast_of_a_layer_that_is_seen_as_well_makes_it_stale(open_ahead: Open) -> None:
    bench = open_ahead(picture(40, 48))
    other = bench.viewer.add_image(picture(40, 48, seed=1), name="other", contrast_limits=(0, 254))
    settle(bench)
    bench.controller.images.choose_channel(str(other.unique_id), True)
    settle(bench)
    settle(bench)
    assert len(bench.layer("prepared area").data) == 4
    encoded = calls(bench)
    other.contrast_limits = (10, 200)
    settle(bench)
    assert len(bench.layer("prepared area").data) == 0
    other.contrast_limits = (0, 254)
    settle(bench)
    assert len(bench.layer("prepared area").data) == 4
    assert calls(bench) == encoded


@pytest.mark.parametrize("name", ["cells", "other"])
def test_replaced_pixels_of_what_is_seen_are_not_ready(open_ahead: Open, name: str) -> None:
    bench = open_ahead(picture(40, 48))
    other = picture(40, 48, seed=1)
    other = bench.viewer.add_image(other, name="other", blending="additive")
    settle(bench)
    bench.controller.images.choose_channel(str(other.unique_id), True)
    settle(bench)
    settle(bench)
    assert ready(bench) == {(0, 0)}
    bench.viewer.layers[name].data = picture(40, 48, seed=2)
    settle(bench)
    assert ready(bench) == set()
    assert len(bench.layer("prepared area").data) == 0
    bench.viewer.scene.camera.zoom *= 2  # now they look at it
    settle(bench)
    assert ready(bench) == {(0, 0)}
    assert len(bench.layer("prepared area").data) == 4


# --- how it ends -----------------------------------------------------------------------------


def test_closing_the_dock_while_it_encodes_leaves_nothing(open_ahead: Open) -> None:
    bench = open_ahead(picture(30, 40, 48))
    with bench.model.held():
        held_in_everything(bench)
        bench.viewer.window.remove_dock_widget(bench.dock)
    bench.wait(lambda: not bench.controller.runner.busy)
    image, viewer = bench.viewer.layers["cells"], bench.viewer
    for emitter in (
        viewer.scene.camera.events.zoom,
        viewer.scene.camera.events.center,
        viewer.dims.events.point,
        image.events.contrast_limits,
        image.events.scale,
    ):
        owners = [
            str(getattr(c[0] if isinstance(c, tuple) else c, "__module__", ""))
            for c in emitter.callbacks
        ]
        owners += [type(c[0]()).__module__ for c in emitter.callbacks if isinstance(c, tuple)]
        assert not [name for name in owners if "napari_sam" in name]
    assert bench.names() == ["cells"]
    assert not ahead(bench)._rested._hasPendingEmission
    assert not bars(bench)


def test_an_image_deleted_while_it_is_encoded(open_ahead: Open) -> None:
    bench = open_ahead(picture(30, 40, 48))
    with bench.model.held():
        held_in_everything(bench)
        bench.viewer.layers.remove("cells")
        QApplication.processEvents()
    settle(bench)
    assert not bench.dock.everything_box.ahead.everything.isChecked()
    assert not bench.dock.everything_box.ahead.isEnabled()
    assert not bars(bench)
    bench.viewer.add_image(picture(40, 48), name="next")
    settle(bench)
    assert ready(bench) == {(0, 0)}


CLOSED = """
import sys
import napari, numpy as np
from qtpy.QtCore import QTimer
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings

viewer = napari.Viewer(show=False)
viewer.add_image(np.random.default_rng(0).integers(0, 255, (9, 300, 300), dtype=np.uint8))
dock = SamWidget(viewer, Settings(cache_dir=sys.argv[1]))
viewer.window.add_dock_widget(dock)
viewer.show()
dock.everything_box.ahead.everything.click()

def when_it_encodes():
    if not dock.controller.ahead.ready(dock.controller.workspace.source):
        dock.everything_box.ahead.everything.isChecked() and dock.controller.ahead.encode()
    else:
        timer.stop()
        print("closing", flush=True)
        viewer.close()

timer = QTimer()
timer.timeout.connect(when_it_encodes)
timer.start(400)
napari.run()
print("closed", flush=True)
"""


@pytest.mark.long
def test_napari_closed_while_it_encodes_ends_without_a_word(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CLOSED, str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.stdout.split() == ["closing", "closed"], ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.returncode == 0


# --- settings --------------------------------------------------------------------------------


def test_the_size_of_the_cache_is_that_of_the_settings(
    open_dock: Open, gated_model: GatedSam, tmp_path: Path
) -> None:
    settings = Settings(gated_model, cache_dir=tmp_path / "cache", cache_budget=123_456_789)
    bench = open_dock(picture(40, 48), settings=settings)
    settle(bench)
    assert bench.controller.engine._session.encoder.cache.budget == 123_456_789
    assert read_settings() == Settings()
