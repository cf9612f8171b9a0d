"""Take the picture of the table of measured objects: cells of a micrograph, found and measured.

Run it on a screen, or on a virtual one::

    xvfb-run -s "-screen 0 1280x800x24" python docs/table_picture.py docs/images/table.png
"""

import argparse
import os
import tempfile
from pathlib import Path

import napari
import skimage
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from screenshots import take, wait_for

from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings
from napari_sam.plugin.table.table_window import TableWindow

LEFT = Qt.MouseButton.LeftButton


def main() -> None:
    """Find all cells, measure them, and enclose some of them in the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path, help="the PNG to write")
    target = parser.parse_args().picture
    os.environ["NAPARI_SAM_JOURNAL_DIR"] = tempfile.mkdtemp()  # no offer to restore
    viewer = napari.Viewer(show=False)
    viewer.add_image(skimage.data.coins(), name="coins", scale=(0.1, 0.1), units=("mm", "mm"))
    viewer.show()
    viewer.window.resize(1280, 800)
    dock = SamWidget(viewer, Settings(model="cells-tiny", cache_dir=False))
    viewer.window.add_dock_widget(dock, name="SAM")
    box, runner = dock.everything_box, dock.controller.runner
    wait_for(lambda: not runner.busy)
    box.set_open()
    for button in (box.slice_button, box.measure_button):
        QApplication.processEvents()  # the section is laid out
        QTest.mouseClick(button, LEFT)
        wait_for(lambda: not runner.busy)
    window = viewer.window.dock_widgets["SAM table"]
    choose(window, "area", "intensity_mean")
    enclose(window)
    wait_for(lambda: not runner.busy)
    print(window.line.text())
    take(viewer, target, True)
    viewer.close()
    with Image.open(target) as picture:
        picture.convert("RGB").quantize(128).save(target, optimize=True)


def choose(window: TableWindow, x: str, y: str) -> None:
    """Choose the columns of the axes."""
    for box, name in ((window.panel.x_box, x), (window.panel.y_box, y)):
        box.setCurrentText(name)
        box.activated.emit(box.currentIndex())
    wait_for(lambda: True)


def enclose(window: TableWindow) -> None:
    """Drag a rectangle around the right half of the plot."""
    plot = window.panel.plot
    area = plot.getViewBox().sceneBoundingRect()
    start = plot.mapFromScene(area.center().x(), area.top() + 4)
    stop = plot.mapFromScene(area.right() - 4, area.bottom() - 4)
    viewport = plot.viewport()
    QTest.mouseMove(viewport, start)
    QTest.mousePress(viewport, LEFT, pos=start)
    for share in (0.3, 0.6, 1.0):
        QTest.mouseMove(viewport, start + (stop - start) * share)
        wait_for(lambda: True)
    QTest.mouseRelease(viewport, LEFT, pos=stop)


if __name__ == "__main__":
    main()
