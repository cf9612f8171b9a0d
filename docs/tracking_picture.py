"""Take the picture of a question about tracks, on a generated movie of dividing cells.

Run it on a screen, or on a virtual one::

    xvfb-run -s "-screen 0 1280x800x24" python docs/tracking_picture.py docs/images
"""

import os
import sys
import tempfile
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy.ndimage import gaussian_filter

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.dividing_movie import MovieOptions, dividing_movie
from docs.screenshots import take, wait_for
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings


def main() -> None:
    """Open napari with labels, press Track, and go to the first question about a division."""
    os.environ["NAPARI_SAM_JOURNAL_DIR"] = tempfile.mkdtemp()  # no offer to restore in the picture
    rng = np.random.default_rng(5)
    truth = dividing_movie(MovieOptions(cells=24, frames=16, side=256, cycle=14, speed=2.5), rng)
    labels = truth.as_segmented(rng, missing=0.02).astype(np.uint32)
    bright = gaussian_filter((truth.labels > 0).astype(float), (0, 2, 2))
    texture = 1 + 0.15 * gaussian_filter(rng.normal(size=bright.shape), (0, 1, 1)) / 0.28
    viewer = napari.Viewer(show=False)
    viewer.add_image((bright * texture * 160).astype(np.uint8), name="cells", axis_labels="tyx")
    viewer.show()
    viewer.window.resize(1280, 800)
    dock = SamWidget(viewer, Settings(cache_dir=False))
    viewer.window.add_dock_widget(dock, name="SAM")
    wait_for(lambda: not dock.controller.runner.busy)
    layer = viewer.add_labels(labels, name="labels")
    viewer.layers.selection.active = layer
    dock.accept_box.use_labels_clicked.emit()
    wait_for(lambda: not dock.controller.runner.busy)
    dock.show_fold(dock.everything_box)
    dock.everything_box.track_box.track_button.click()
    wait_for(lambda: not dock.controller.runner.busy)
    print(dock.status.text())
    dock.scroll_area.show_widgets(dock.everything_box.track_box, dock.everything_box.track_box)
    viewer.scene.camera.zoom *= 2.5
    canvas = viewer.window._qt_viewer.canvas.native
    for _ in range(20):
        QTest.keyClick(canvas, Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
        wait_for(lambda: not dock.controller.runner.busy)
        print(dock.status.text())
        if "divide" in dock.status.text():
            break
    dock.scroll_area.show_widgets(dock.everything_box.track_box, dock.everything_box.track_box)
    wait_for(lambda: True)
    take(viewer, Path(sys.argv[1]) / "tracking.png", True)
    viewer.close()


if __name__ == "__main__":
    main()
