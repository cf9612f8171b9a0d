"""Draw strokes over labels in the dock, and take one picture of the four changes.

Run it on a screen, or on a virtual one::

    xvfb-run -s "-screen 0 1280x800x24" python docs/stroke_picture.py docs/images

It clicks on two nuclei of the plugin's own sample, accepts what the model sees, and saves
``strokes.png``: what the preview shows for a stroke across a label, through two, out of one and
back, and with Shift held.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from screenshots import canvas_position, click, press, wait_for

from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings

CLICKS = ((164, 268), (200, 272))
VIEW, ZOOM = (193, 268), 6.0
SIDE = 300
"""Pixels of the screen, of a side of each picture."""

SHIFT, NONE = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier
STROKES: tuple[tuple[Sequence[tuple[float, float]], Any, str], ...] = (
    (((198, 247), (206, 262), (222, 281)), NONE, "Enter"),
    (((197, 276), (213, 260)), NONE, "Escape"),
    (((158, 274), (150, 284), (156, 293), (169, 291), (168, 276)), NONE, "Escape"),
    (((142, 272), (164, 275), (188, 274)), SHIFT, "Escape"),
)
"""Pixels of the line, the key held, and the key afterwards."""


def main() -> None:
    """Open napari, accept two nuclei, draw, take pictures."""
    os.environ["NAPARI_SAM_JOURNAL_DIR"] = tempfile.mkdtemp()
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1280, 800)
    viewer.open_sample("napari-sam-microscopy", "nuclei_2d")
    dock = SamWidget(viewer, Settings(model="cells-tiny", cache_dir=False, prefetch=False))
    viewer.window.add_dock_widget(dock, name="SAM")
    wait_for(lambda: not dock.controller.runner.busy)
    image = dock.controller.workspace.image
    world = image.data_to_world  # the sample has a pixel size
    viewer.scene.camera.center = world(VIEW)
    viewer.scene.camera.zoom = ZOOM / float(image.scale[-1])
    wait_for(lambda: True)
    for place in CLICKS:
        click(viewer, world(place))
        wait_for(lambda: not dock.controller.runner.busy)
        press(viewer, "Enter")
    native = viewer.window._qt_viewer.canvas.native
    QTest.keyClick(native, Qt.Key.Key_X, SHIFT)
    pictures = []
    for pixels, held, key in STROKES:
        points = [world(place) for place in pixels]
        draw(viewer, points, held)
        wait_for(lambda: not dock.controller.runner.busy)
        print(dock.status.text())
        pictures.append(around(viewer, np.mean(points, axis=0)))
        press(viewer, key)
    gap = np.full((SIDE, 6, 3), 255, np.uint8)
    row = [part for picture in pictures for part in (gap, picture)][1:]
    Image.fromarray(np.hstack(row)).save(Path(sys.argv[1]) / "strokes.png", optimize=True)
    viewer.close()


def draw(viewer: Any, points: Sequence[Sequence[float]], held: Any) -> None:
    """Draw a line on the canvas with the left button."""
    native = viewer.window._qt_viewer.canvas.native
    places = [canvas_position(viewer, point) for point in points]
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(native, left, held, places[0])
    for start, stop in pairwise(places):
        for share in np.linspace(0.2, 1, 5):
            QTest.qWait(15)
            QTest.mouseMove(native, start + (stop - start) * float(share))
            QApplication.processEvents()
    QTest.qWait(15)
    QTest.mouseRelease(native, left, held, places[-1])


def around(viewer: Any, middle: Sequence[float]) -> np.ndarray:
    """A square of the canvas around a place of the world, ``(SIDE, SIDE, 3)`` uint8."""
    canvas = viewer.screenshot(canvas_only=True, flash=False)[..., :3]
    place = canvas_position(viewer, middle)
    x, y = (max(0, value - SIDE // 2) for value in (place.x(), place.y()))
    x, y = min(x, canvas.shape[1] - SIDE), min(y, canvas.shape[0] - SIDE)
    return canvas[y : y + SIDE, x : x + SIDE]


if __name__ == "__main__":
    main()
