"""The hint of the first opening: three steps, until they are made or clear, then never again."""

from pathlib import Path
from typing import Any

import pytest
from npe2 import PluginManager, PluginManifest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

import napari_sam
from napari_sam.plugin.settings import FIRST_HINT
from tests.plugin.bench import Open, picture

MANIFEST = Path(napari_sam.__file__).with_name("napari.yaml")


@pytest.fixture(autouse=True)
def known(plugin_settings: Any, npe2pm: PluginManager) -> None:
    """The plugin is installed, and its preferences are as on the first day."""
    npe2pm.register(PluginManifest.from_file(MANIFEST))


def test_the_hint_goes_with_the_first_object(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    hint = bench.dock.first_hint
    assert hint.isVisible()
    bench.press(Qt.Key.Key_Return)  # nothing to accept yet
    assert hint.isVisible()
    bench.add(20, 20)
    bench.idle()
    assert hint.isVisible()
    bench.press(Qt.Key.Key_Return)
    assert not hint.isVisible()
    assert not open_dock(picture(40, 48), show=True).dock.first_hint.isVisible()


def test_the_hint_goes_when_it_is_clear(open_dock: Open) -> None:
    bench = open_dock(show=True)
    assert bench.dock.first_hint.isVisible()
    QTest.mouseClick(bench.dock.first_hint.button, Qt.MouseButton.LeftButton)
    assert not bench.dock.first_hint.isVisible()
    assert not FIRST_HINT.read()
    assert not open_dock(show=True).dock.first_hint.isVisible()
