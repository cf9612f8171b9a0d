"""Go through a folder of images in the dock with a mouse and a keyboard, and take a picture of it.

Run it on a screen, or on a virtual one::

    xvfb-run -s "-screen 0 1280x800x24" python docs/folder.py docs/images

It writes six generated images and a file that is no image into a temporary folder, unfolds
*Folder*, accepts objects in two images, and saves ``folder.png``.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import napari
import numpy as np
import tifffile
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy import ndimage
from screenshots import click, take, wait_for

from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.samples import generate_nuclei
from napari_sam.plugin.settings import Settings

SHIFT = Qt.KeyboardModifier.ShiftModifier


def main() -> None:
    """Open a folder, accept, go on, take the picture."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    os.environ["NAPARI_SAM_JOURNAL_DIR"] = tempfile.mkdtemp()  # no offer to restore in the picture
    folder = Path(tempfile.mkdtemp()) / "screen of nuclei, day three"
    write_images(folder)
    viewer = napari.Viewer(show=False)
    viewer.theme = "dark"
    viewer.show()
    viewer.window.resize(1280, 800)
    dock = SamWidget(viewer, Settings(model="cells-tiny", cache_dir=False))
    viewer.window.add_dock_widget(dock, name="SAM")
    box, native = dock.folder_box, viewer.window._qt_viewer.canvas.native

    def settle() -> None:
        wait_for(lambda: not (dock.controller.runner.busy or box.table.thumbnails.busy))

    def press(key: Any, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(native, key, modifier)
        settle()

    def accept(count: int) -> None:
        for place in middles(dock.controller.workspace.image.data)[:count]:
            click(viewer, place)
            settle()
            press(Qt.Key.Key_Return)

    settle()
    QTest.mouseClick(box.button, Qt.MouseButton.LeftButton)
    box.images.setText(str(folder))
    QTest.keyClick(box.images, Qt.Key.Key_Return)
    settle()
    accept(6)
    press(Qt.Key.Key_R, SHIFT)
    accept(5)
    press(Qt.Key.Key_Q, SHIFT)
    press(Qt.Key.Key_PageDown)
    accept(4)
    take(viewer, target / "folder.png", True)
    viewer.close()
    with Image.open(target / "folder.png") as picture:
        canvas_and_dock = picture.convert("RGB").crop((330, 0, 1280, 800))
    few = canvas_and_dock.quantize(96, dither=Image.Dither.NONE)
    few.save(target / "folder.png", optimize=True)


def write_images(folder: Path) -> None:
    """Write six fields of nuclei, and a third file that is no image."""
    folder.mkdir()
    sample = generate_nuclei((800, 1540), scale=(0.5, 0.5), count=300, radius=7.0)
    corners = [(y, x) for y in (0, 400) for x in (0, 510, 1020)]
    for number, (y, x) in enumerate(corners, start=1):
        path = folder / f"field_{number + (number > 2):02d}.tif"
        tifffile.imwrite(path, sample[y : y + 384, x : x + 512])
    (folder / "field_03.tif").write_bytes(b"no image")


def middles(image: Any) -> list[tuple[float, float]]:
    """Bright places of an image, away from its edge."""
    smooth = ndimage.gaussian_filter(np.asarray(image).astype(float), 4)
    peaks = (smooth == ndimage.maximum_filter(smooth, 41)) & (smooth > np.percentile(smooth, 88))
    places = [tuple(map(float, place)) for place in np.argwhere(peaks)]
    return [(y, x) for y, x in places if 60 < y < 330 and 60 < x < 450]


if __name__ == "__main__":
    main()
