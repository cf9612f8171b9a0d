"""Thirty objects with mouse and keys, in a real window: what is saved, and what is left behind."""

import gc
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr
from napari.utils.notifications import notification_manager
from npe2 import PluginManager, PluginManifest
from qtpy.QtCore import QEvent, Qt, QThreadPool
from qtpy.QtWidgets import QApplication

import napari_sam
from tests.plugin.annotator import Annotated, Annotator
from tests.plugin.bench import Bench, Open

MANIFEST = Path(napari_sam.__file__).with_name("napari.yaml")
OBJECTS = 30


def nuclei() -> tuple[np.ndarray, np.ndarray]:
    """A picture of thirty nuclei in rows, and which pixel belongs to which."""
    rng = np.random.default_rng(3)
    truth = np.zeros((200, 240), np.uint8)
    y, x = np.ogrid[: truth.shape[0], : truth.shape[1]]
    for number in range(OBJECTS):
        centre = 20 + 40 * np.array(divmod(number, 6)) + rng.uniform(-4, 4, 2)
        radii = rng.uniform(9, 15, 2)
        inside = ((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 < 1
        truth[inside & (truth == 0)] = number + 1
    light = 30 + 130.0 * (truth > 0)
    return np.clip(light + rng.normal(0, 12, truth.shape), 0, 255).astype(np.uint8), truth


def annotate(bench: Any, truth: np.ndarray) -> list[Annotated]:
    annotator = Annotator(bench)
    return [annotator.annotate(truth == number) for number in range(1, OBJECTS + 1)]


def as_shown(objects: list[Annotated]) -> np.ndarray:
    """Label image of what was shown at each Enter; who came first keeps a pixel."""
    expected = np.zeros(objects[0].mask.shape, np.uint32)
    for one in objects:
        expected[one.mask & (expected == 0)] = one.label
    return expected


def test_what_is_saved_is_what_was_shown(
    open_cells_tiny: Open, npe2pm: PluginManager, tmp_path: Path
) -> None:
    npe2pm.register(PluginManifest.from_file(MANIFEST))
    seen = len(notification_manager.records)
    image, truth = nuclei()
    bench = open_cells_tiny(image, show=True)
    objects = annotate(bench, truth)
    assert [one.label for one in objects] == list(range(1, OBJECTS + 1))
    assert min(one.iou for one in objects) > 0.5
    assert np.mean([one.iou for one in objects]) > 0.85
    expected = as_shown(objects)
    np.testing.assert_array_equal(bench.layer("labels").data, expected)
    assert len(bench.layer("points").data) == 0
    assert not bench.shown().any()
    for name in ("labels.tif", "labels.ome.tif", "labels.ome.zarr"):
        assert bench.layer("labels").save(str(tmp_path / name))
    for name in ("labels.tif", "labels.ome.tif"):
        np.testing.assert_array_equal(np.squeeze(tifffile.imread(tmp_path / name)), expected)
    saved = zarr.open_group(tmp_path / "labels.ome.zarr", mode="r")
    np.testing.assert_array_equal(np.squeeze(np.asarray(first_array(saved))), expected)
    told = notification_manager.records[seen:]
    assert [record.message for record in told] == []


def first_array(group: zarr.Group) -> zarr.Array:
    """The full resolution of the labels in an OME-Zarr."""
    while "multiscales" not in (group.attrs.get("ome") or group.attrs):
        group = next(member for _, member in group.members() if isinstance(member, zarr.Group))
    attributes: Any = group.attrs.get("ome") or group.attrs
    found = group[attributes["multiscales"][0]["datasets"][0]["path"]]
    assert isinstance(found, zarr.Array)
    return found


# --- what is left ----------------------------------------------------------------------------


def owners(viewer: Any) -> dict[str, Any]:
    """Everything of the viewer that has events, keys or callbacks of the mouse, by name."""
    own = {"viewer": viewer, "dims": viewer.dims, "camera": viewer.scene.camera}
    own |= {"cursor": viewer.cursor, "layers": viewer.layers}
    own |= {"selection": viewer.layers.selection}
    return own | {layer.name: layer for layer in viewer.layers}


def callbacks(viewer: Any) -> Counter[str]:
    """What is called at each event of the viewer and its layers, and how often."""
    return Counter(
        f"{name}.{event}: {described(callback)}"
        for name, owner in owners(viewer).items()
        for event, emitter in owner.events.emitters.items()
        for callback in emitter.callbacks
    )


def described(callback: Any) -> str:
    """Which function a callback is; napari keeps methods as a weak reference and a name."""
    if isinstance(callback, tuple):
        owner, name = callback[0](), callback[1]
        return f"{type(owner).__module__}.{type(owner).__name__}.{name}"
    callback = getattr(callback, "func", callback)  # of a partial
    named = callback if hasattr(callback, "__qualname__") else type(callback)
    return f"{named.__module__}.{named.__qualname__}"


def bound(viewer: Any) -> Counter[str]:
    """Keys and callbacks of the mouse on the viewer and on each layer by itself."""
    found: Counter[str] = Counter()
    for owner in (viewer, *viewer.layers):
        found.update(f"{owner} key {key}" for key in owner.keymap)
        for kind in ("move", "drag", "wheel", "double_click"):
            found[f"{owner} mouse {kind}"] = len(getattr(owner, f"mouse_{kind}_callbacks"))
    return found


def widgets() -> Counter[str]:
    """How many widgets there are of each class."""
    return Counter(type(widget).__name__ for widget in QApplication.allWidgets())


def left(viewer: Any) -> list[Any]:
    """All that a dock could leave behind, after Qt has destroyed what is to be destroyed."""
    for _ in range(5):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()
    threads = sorted(thread.name for thread in threading.enumerate())
    busy = QThreadPool.globalInstance().activeThreadCount()
    names = [layer.name for layer in viewer.layers]
    return [names, threads, busy, callbacks(viewer), bound(viewer), widgets()]


def test_nothing_is_left_behind(open_cells_tiny: Open, qtbot: Any) -> None:
    image, truth = nuclei()
    first = open_cells_tiny(image, show=True)
    viewer = first.viewer
    Annotator(first).annotate(truth == 1)  # what napari makes when it is first needed is made
    viewer.window.remove_dock_widget(first.dock)
    before = left(viewer)
    second = Bench(viewer, first.model, qtbot)
    for number in (2, 3, 4):
        Annotator(second).annotate(truth == number)
    second.press("w")
    second.drag((20, 20), (60, 60))
    second.idle()
    second.press(Qt.Key.Key_Escape)
    viewer.window.remove_dock_widget(second.dock)
    del second
    for now, then in zip(left(viewer), before, strict=True):
        assert now == then
    called = [name for name in callbacks(viewer) if "napari_sam" in name]
    # strokes on labels that stay are in their journal with the dock closed, too
    assert {name.rpartition(".")[0] for name in called} == {
        f"SAM labels.{event}: napari_sam.plugin.labels.layer_journal.LayerJournal"
        for event in ("data", "set_data", "paint")
    }
    assert [layer.name for layer in viewer.layers] == ["cells", "SAM labels"]
