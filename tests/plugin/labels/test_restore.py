"""Accepted objects come back after a kill, and are offered once."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plugin.bench import Bench, Open, dividing, picture
from tests.plugin.journals import crash

KILLED = """
import sys
import napari
import numpy as np
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings

data = np.load(sys.argv[1])
viewer = napari.Viewer(show=False)
viewer.add_image(data, name="cells", axis_labels=("t", "y", "x"))
dock = SamWidget(viewer, Settings(cache_dir=False))
viewer.window.add_dock_widget(dock)

def idle():
    QApplication.processEvents()
    while dock.controller.runner.busy:  # asleep meanwhile: the worker needs the processor
        QTest.qWait(5)

idle()
for place in ((32, 48), (20, 20), (50, 80)):
    viewer.layers["SAM points"].add((0, *place))
    idle()
    dock.controller.actions.follow()
    idle()
    dock.controller.actions.accept()
dock.controller.actions.undo_labels()
dock.controller.actions.redo()
dock.controller.actions.undo()
dock.controller.actions.drop()
idle()
viewer.layers["SAM points"].add((2, 32, 36))
idle()
dock.controller.actions.follow()
idle()
dock.controller.actions.accept_daughter()
np.save(sys.argv[2], viewer.layers["SAM labels"].data)
print("ready", flush=True)
idle()
input()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there")
def test_what_was_accepted_comes_back_after_a_kill(open_cells_tiny: Open, tmp_path: Path) -> None:
    data = dividing()
    np.save(tmp_path / "data.npy", data)
    files = [str(tmp_path / "data.npy"), str(tmp_path / "labels.npy")]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as napari:
        assert napari.stdout is not None
        assert napari.stdout.readline() == b"ready\n"
        napari.kill()
    before = np.load(tmp_path / "labels.npy")
    assert len(np.unique(before)) >= 3
    bench = open_cells_tiny(data, name="renamed since", axis_labels=("t", "y", "x"))
    assert not bench.dock.restore_box.isHidden()
    assert "in no file" in bench.dock.restore_box.text.text()
    bench.dock.restore_box.restore_button.click()
    np.testing.assert_array_equal(bench.layer("labels").data, before)
    assert bench.dock.restore_box.isHidden()
    labels = bench.layer("labels")
    saved = bench.viewer.layers
    saved.selection = {labels}
    saved.save(str(tmp_path / "labels.ome.tif"), selected=True)
    bench.viewer.layers.clear()
    bench.idle()
    bench.viewer.add_image(data, name="cells", axis_labels=("t", "y", "x"))
    bench.idle()
    assert bench.dock.restore_box.isHidden()  # it is in a file now


def test_what_is_forgotten_is_not_offered_again(open_dock: Open) -> None:
    data = picture(40, 48)
    first = open_dock(data)
    first.add(20, 20)
    first.idle()
    first.accept()
    crash()
    for forget in (False, True):
        again = open_dock(data)
        assert not again.dock.restore_box.isHidden()
        if forget:
            again.dock.restore_box.forget_button.click()
        again.controller.close()
    assert open_dock(data).dock.restore_box.isHidden()
    assert open_dock(picture(40, 48, seed=1)).dock.restore_box.isHidden()


def test_a_reopened_dock_goes_on_with_its_journal(open_dock: Open, qtbot: Any) -> None:
    data = picture(40, 48)
    bench = open_dock(data)
    bench.add(20, 20)
    bench.idle()
    bench.accept()
    bench.controller.close()
    again = Bench(bench.viewer, bench.model, qtbot)
    assert again.dock.restore_box.isHidden()  # nothing is missing
    again.add(30, 40)
    again.idle()
    again.accept()
    expected = again.layer("labels").data.copy()
    again.controller.close()
    crash()
    other = open_dock(data)
    other.dock.restore_box.restore_button.click()
    np.testing.assert_array_equal(other.layer("labels").data, expected)
