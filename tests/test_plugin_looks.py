"""How the dock looks on a 13-inch screen, in the dark and in the light theme."""

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QRect
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QAbstractButton, QApplication, QCheckBox, QLabel, QPushButton, QWidget

from tests.bench import Bench, Open, picture

SCREEN = (1280, 800)


def on_a_small_screen(open_dock: Open, theme: str) -> Bench:
    """A dock with all that it can show at once: a stack, two objects, accepted ones to restore."""
    bench = open_dock(picture(4, 3, 40, 48), show=True, axis_labels=("t", "z", "y", "x"))
    bench.viewer.theme = theme
    bench.viewer.window.resize(*SCREEN)
    for place in ((0, 0, 20, 20), (0, 0, 30, 30)):
        bench.add(*place)
        bench.idle()
        bench.press("j")
    bench.idle()
    QApplication.processEvents()
    return bench


def with_text(dock: QWidget) -> list[Any]:
    """The widgets that the user reads."""
    found = [*dock.findChildren(QLabel), *dock.findChildren(QAbstractButton)]
    return [one for one in found if one.text() and not one.visibleRegion().isEmpty()]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_all_can_be_read(open_dock: Open, theme: str) -> None:
    bench = on_a_small_screen(open_dock, theme)
    window = bench.viewer.window.__wrapped__._qt_window
    assert (window.width(), window.height()) == SCREEN  # nothing has made it larger
    for folded in (False, True):
        shown = with_text(bench.dock)
        assert len(shown) > 15
        for one in shown:
            assert contrast(one) > 60, one.text()
        if not folded:
            bench.dock.keys.expand(animate=False)
            QApplication.processEvents()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off(open_dock: Open, theme: str) -> None:
    bench = on_a_small_screen(open_dock, theme)
    inside = bench.dock.rect()
    for one in with_text(bench.dock):
        corner = one.mapTo(bench.dock, one.rect().topLeft())
        assert inside.contains(QRect(corner, one.size())), one.text()
        if isinstance(one, QPushButton | QCheckBox):
            assert one.width() >= one.sizeHint().width(), one.text()
    assert bench.dock.visibleRegion().boundingRect() == inside
    assert bench.dock.minimumSizeHint().height() <= bench.dock.height()


def contrast(widget: QWidget) -> float:
    """From the darkest to the brightest pixel, in steps of 256."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    pointer = image.constBits()
    if hasattr(pointer, "setsize"):  # PyQt
        pointer.setsize(image.sizeInBytes())
    pixels = np.frombuffer(pointer, np.uint8).reshape(image.height(), image.bytesPerLine())
    return float(np.ptp(pixels[:, : image.width()]))
