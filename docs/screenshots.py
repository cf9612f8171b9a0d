"""Drive the dock with a mouse and a keyboard, and take pictures of it.

Run it on a screen, or on a virtual one::

    xvfb-run -s "-screen 0 1280x800x24" python docs/screenshots.py docs/images

It opens an image, clicks on objects, accepts one, and saves ``dock.png``: what a user sees after
three clicks. With ``--steps`` a picture of every step is saved beside it.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import napari
import numpy as np
import skimage
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings


def main() -> None:
    """Open napari, click, take pictures."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    os.environ["NAPARI_SAM_JOURNAL_DIR"] = tempfile.mkdtemp()  # no offer to restore in the pictures
    image = _image(options.image)
    viewer = napari.Viewer(show=False)
    viewer.add_image(image, name="cells")
    viewer.theme = options.theme
    viewer.show()
    viewer.window.resize(1280, 800)
    settings = Settings(model=options.model, cache_dir=False)
    dock = SamWidget(viewer, settings)
    viewer.window.add_dock_widget(dock, name="SAM")
    wait_for(lambda: not dock.controller.runner.busy)
    *centre, zoom = map(float, options.view.split(","))
    viewer.scene.camera.center, viewer.scene.camera.zoom = centre, zoom
    wait_for(lambda: True)
    take(viewer, options.folder / "opened.png", options.steps)
    for step, (key, place) in enumerate(_script(options), start=1):
        if key:
            press(viewer, key)
        if place is not None:
            click(viewer, place)
        wait_for(lambda: not dock.controller.runner.busy)
        take(viewer, options.folder / f"step{step}.png", options.steps)
        print(f"{step}: {key or 'click'} {place or ''} -> {dock.status.text()}")
    take(viewer, options.folder / "dock.png", True)
    viewer.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--image", type=Path, help="instead of scikit-image's immunohistochemistry")
    parser.add_argument("--model", default="cells-tiny")
    parser.add_argument("--theme", default="dark", help="napari's: dark or light")
    parser.add_argument("--steps", action="store_true", help="a picture of every step")
    parser.add_argument(
        "--clicks",
        default="368,308;Enter;375,330;Enter;346,335;q 352,347",
        help="steps with ; between them: a key, a place y,x to click, or both",
    )
    parser.add_argument("--view", default="372,325,6", help="y, x of the middle, and the zoom")
    return parser.parse_args()


def _image(path: Path | None) -> Any:
    return skimage.data.immunohistochemistry() if path is None else skimage.io.imread(path)


def _script(options: argparse.Namespace) -> list[tuple[str, tuple[float, float] | None]]:
    steps = []
    for step in options.clicks.split(";"):
        words = step.split()
        places = [word for word in words if "," in word]
        keys = [word for word in words if "," not in word]
        place = tuple(map(float, places[0].split(","))) if places else None
        steps.append((keys[0] if keys else "", place))
    return steps


def wait_for(ready: Callable[[], bool], seconds: float = 600) -> None:
    """Let Qt work until something is ready."""
    end = time.monotonic() + seconds
    for _ in range(20):
        QApplication.processEvents()
        time.sleep(0.005)
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError("the dock is still busy")
        QApplication.processEvents()
        time.sleep(0.005)
    for _ in range(20):
        QApplication.processEvents()
        time.sleep(0.005)


def canvas_position(viewer: Any, world: Sequence[float]) -> QPoint:
    """Where on the canvas a place ``(y, x)`` in the world is shown."""
    canvas = viewer.window._qt_viewer.canvas
    axes = list(viewer.dims.displayed)
    origin = np.array(canvas._map_canvas2world((0, 0), canvas.view))[axes]
    step = np.array(canvas._map_canvas2world((100, 100), canvas.view))[axes] - origin
    row, column = (np.asarray(world, float) - origin) / step * 100
    return QPoint(round(column), round(row))


def click(viewer: Any, world: Sequence[float]) -> None:
    """Click on the canvas with the left button."""
    native = viewer.window._qt_viewer.canvas.native
    place = canvas_position(viewer, world)
    QTest.mouseMove(native, place)
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=place)


def drag(viewer: Any, start: Sequence[float], stop: Sequence[float]) -> None:
    """Drag the mouse over the canvas with the left button."""
    native = viewer.window._qt_viewer.canvas.native
    first, last = canvas_position(viewer, start), canvas_position(viewer, stop)
    QTest.mouseMove(native, first)
    QTest.mousePress(native, Qt.MouseButton.LeftButton, pos=first)
    for share in np.linspace(0, 1, 8):
        QTest.mouseMove(native, first + (last - first) * float(share))
        QApplication.processEvents()
    QTest.mouseRelease(native, Qt.MouseButton.LeftButton, pos=last)


def press(viewer: Any, key: str) -> None:
    """Press a key on the canvas."""
    native = viewer.window._qt_viewer.canvas.native
    codes = {"Enter": Qt.Key.Key_Return, "Escape": Qt.Key.Key_Escape}
    QTest.keyClick(native, codes.get(key, key))


def take(viewer: Any, path: Path, wanted: bool) -> None:
    """Save a picture of the whole window."""
    if wanted:
        viewer.screenshot(path, canvas_only=False, flash=False)


if __name__ == "__main__":
    main()
