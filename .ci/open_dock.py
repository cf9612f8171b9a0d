"""Open the dock in a real napari window, from an installed wheel, as a user would.

Run by ``.ci/wheel-check``; exits with status 0 only if everything below held.
"""

import sys
import sysconfig
from importlib.metadata import files
from pathlib import Path

import napari
import npe2
import numpy as np
from napari.utils.notifications import NotificationSeverity, notification_manager
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QApplication, QComboBox, QWidget

import napari_sam

PLUGIN = "napari-sam-microscopy"
LAYER = "wheel check cells"


def check(holds: bool, claim: str) -> None:
    """Print a claim that holds; end the program with one that does not."""
    if not holds:
        sys.exit(f"wheel check: not true: {claim}")
    print(f"wheel check: {claim}")


def check_files() -> None:
    """The package that runs is the wheel's, with its manifest, weights and typing marker."""
    package = Path(napari_sam.__file__).resolve()
    site = Path(sysconfig.get_path("purelib")).resolve()
    check(package.is_relative_to(site), "the package comes from the wheel")
    names = {path.name for path in files(PLUGIN) or []}
    for name in ("napari.yaml", "py.typed", "cells-tiny.safetensors"):
        check(name in names, f"the wheel holds {name}")


def check_manifest() -> None:
    """The plugin's manifest is found, and is this version's."""
    manager = npe2.PluginManager.instance()
    manager.discover()
    manifest = manager.get_manifest(PLUGIN)
    check(
        manifest.package_version == napari_sam.__version__,
        f"npe2 finds {PLUGIN} {manifest.package_version}",
    )
    check(bool(manifest.contributions.widgets), "the manifest has a dock widget")


def sees(dock: QWidget, layer: str) -> bool:
    """Whether any choice in the dock offers this layer."""
    boxes = dock.findChildren(QComboBox)
    return any(box.itemText(i) == layer for box in boxes for i in range(box.count()))


def check_dock() -> None:
    """The dock opens, offers an image that is added afterwards, and closes with the window."""
    viewer = napari.Viewer(show=True)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN)
    settle()
    check(dock.isVisible(), "the dock is open")
    image = np.random.default_rng(0).integers(0, 255, (256, 256), dtype=np.uint8)
    viewer.add_image(image, name=LAYER)
    settle()
    check(sees(dock, LAYER), "the dock sees an image that is added")
    viewer.layers.remove(LAYER)
    settle()
    check(not sees(dock, LAYER), "the dock forgets an image that is removed")
    viewer.add_image(image, name=LAYER)
    viewer.window.remove_dock_widget("all")
    viewer.close()
    settle()
    check(workers_end(), "no worker of the plugin is left")


def workers_end(seconds: int = 60) -> bool:
    """Whether all workers end by themselves; a model that is being loaded may take its time."""
    pool = QThreadPool.globalInstance()
    for _ in range(seconds):
        if pool.waitForDone(1000):
            settle()
            return True
        settle()
    return False


def settle() -> None:
    """Let everything that is queued in the event loop happen."""
    for _ in range(10):
        QApplication.processEvents()


def check_quiet() -> None:
    """Nothing went wrong that napari would have told the user of."""
    wrong = [
        record.message
        for record in notification_manager.records
        if record.severity >= NotificationSeverity.WARNING
    ]
    check(not wrong, f"no warning or error was shown {wrong or ''}".rstrip())


if __name__ == "__main__":
    check_files()
    check_manifest()
    check_dock()
    check_quiet()
