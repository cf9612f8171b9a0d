"""How the dock looks on a 13-inch screen and on a lower one, in the dark and the light theme."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLabel, QSizePolicy, QWidget

from napari_sam.plugin.dock.dock import SamDock
from napari_sam.plugin.widgets.fold import Fold
from tests.plugin.bench import Bench, Open, picture

SCREEN = (1280, 800)
LONG = (
    "Accepted as label 12, without the 40 pixels that belong to others. To correct a label, point "
    "at it and press Shift-J; to take it back, press U. Click on the next object."
)


def on_a_small_screen(open_dock: Open, theme: str) -> Bench:
    """A dock with all that it can show at once: a movie of stacks, channels, objects, classes."""
    bench = open_dock(picture(4, 3, 40, 48), show=True, axis_labels=("t", "z", "y", "x"))
    bench.viewer.add_image(picture(4, 3, 40, 48), name="membrane", axis_labels=("t", "z", "y", "x"))
    bench.viewer.theme = theme
    bench.viewer.window.resize(*SCREEN)
    for _ in range(12):
        bench.dock.class_box.add_button.click()
    for place in ((0, 0, 20, 20), (0, 0, 30, 30)):
        bench.add(*place)
        bench.idle()
        bench.press("j")
    bench.idle()
    return bench


def states(bench: Bench) -> Iterator[str]:
    """Bring the dock into one state after the other; each is shown when its name comes."""
    dock = bench.dock
    review = dock.everything_box.review_box
    review.show_count(9_988, 10_000)
    review.show_errors(
        "About 9988 of 10000 are wrong (90 to 9998); 999 more looks halve this range"
    )
    for fold in dock.findChildren(Fold):
        with changed(fold.set_open, lambda fold=fold: fold.set_open(False)):
            yield f"{fold.button.text()} is open"
            dock.show_restore("12 accepted changes of 25 November, 09:12 are in no file.")
            yield f"{fold.button.text()} is open, and there is something to restore"
            dock.show_restore("")
    yield "all is folded"
    dock.stroke_box.show_stack(True)
    armed = dock.stroke_box.show_armed
    with changed(lambda: armed(True), lambda: armed(False)):
        yield "strokes over labels"
    dock.object_row.before_button.show()
    with changed(dock.first_hint.show, dock.first_hint.hide):
        dock.keys.set_open()
        yield "a first hint, and a mask before to bring back"
    dock.show_busy(True)
    dock.show_progress("Looking at tile", 12, 256)
    bench.wait(lambda: dock.progress.text() == "Looking at tile 12 of 256")
    dock.model_row.show_model("sam2.1-base-plus: 120 of 308 MB are here")
    dock.show_status(LONG)
    yield "work and long texts"


@contextmanager
def changed(do: Callable[[], None], undo: Callable[[], None]) -> Iterator[None]:
    do()
    yield
    undo()


def settle(bench: Bench) -> None:
    """Until Qt has given every widget its place: layouts inside of layouts take some rounds."""
    seen: list[list[QRect]] = [[]]

    def still() -> bool:
        seen.append([one.geometry() for one in bench.dock.findChildren(QWidget)])
        is_wide_enough = bench.dock.width() >= bench.dock.minimumSizeHint().width()
        return is_wide_enough and seen[-1] == seen[-2]

    bench.wait(still)


def read(dock: QWidget) -> list[Any]:
    """The widgets that the user reads."""
    kinds = (QLabel, QAbstractButton, QComboBox)
    return [one for kind in kinds for one in dock.findChildren(kind) if one.isVisible()]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_all_fits_and_can_be_read(open_dock: Open, theme: str) -> None:
    bench = on_a_small_screen(open_dock, theme)
    window = bench.viewer.window.__wrapped__._qt_window
    scroll, names = bench.dock.scroll_area, []
    for name in states(bench):
        settle(bench)
        names.append(name)
        assert (window.width(), window.height()) == SCREEN, name  # nothing has made it larger
        assert bench.dock.visibleRegion().boundingRect() == bench.dock.rect(), name
        assert bench.dock.width() <= 300, name  # of 1280: the image needs the rest
        assert scroll.widget().width() <= scroll.viewport().width(), name  # nothing to the right
        shown = read(bench.dock)
        assert len(shown) > 15, name
        assert [what for one in shown for what in wrong(one, bench.dock)] == [], name
        assert overlapping(bench.dock) == overlapping(scroll.widget()) == [], name
    assert len(names) == 15


def test_buttons_for_the_object_stay_on_a_low_screen(open_dock: Open) -> None:
    bench = on_a_small_screen(open_dock, "dark")
    window = bench.viewer.window.__wrapped__._qt_window
    window.resize(1024, 600)
    for fold in bench.dock.findChildren(Fold):
        QTest.mouseClick(fold.button, Qt.MouseButton.LeftButton)
        settle(bench)
        assert window.height() == 600
        assert fully_visible(fold.button, bench.dock.scroll_area.viewport()), fold.button.text()
        row = bench.dock.object_row
        for widget in (row.accept_button, row.drop_button, bench.dock.status):
            assert fully_visible(widget, bench.dock)


def test_an_offer_to_restore_is_scrolled_to(open_dock: Open) -> None:
    bench = on_a_small_screen(open_dock, "dark")
    bench.viewer.window.resize(1024, 600)
    bench.dock.keys.set_open()
    settle(bench)
    assert bench.dock.scroll_area.verticalScrollBar().value() > 0
    bench.dock.show_restore("12 accepted changes of 25 November, 09:12 are in no file.")
    settle(bench)
    assert fully_visible(bench.dock.restore_box, bench.dock.scroll_area.viewport())


def test_opening_a_fold_never_shows_two(open_dock: Open) -> None:
    """A window made larger for a moment stays so."""
    dock = open_dock(picture(40, 48), show=True).dock
    dock.keys.set_open()
    visible: list[int] = []
    dock.class_box.opening.connect(lambda: visible.append(int(dock.keys.isVisible())))
    dock.class_box.toggled.connect(lambda is_open: visible.append(int(dock.keys.isVisible())))
    dock.class_box.set_open()
    assert visible == [0, 0]


def fully_visible(widget: QWidget, within: QWidget) -> bool:
    corner = widget.mapTo(within, widget.rect().topLeft())
    return within.rect().contains(QRect(corner, widget.size()))


def wrong(one: Any, dock: SamDock) -> Iterator[str]:
    """What keeps the user from reading a widget, after scrolling to it."""
    text = one.currentText() if isinstance(one, QComboBox) else one.text()
    scroll = dock.scroll_area
    place = dock
    if scroll.widget().isAncestorOf(one):
        scroll.ensureWidgetVisible(one, 0, 0)
        place = scroll.viewport()
    if not fully_visible(one, place):
        yield f"{text}: outside"
    wraps = isinstance(one, QLabel) and one.wordWrap()
    if wraps and one.height() < one.heightForWidth(one.width()):
        yield f"{text}: lines are missing"
    elided = one.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Ignored  # names of layers
    if not wraps and not elided and one.width() < one.sizeHint().width():
        yield f"{text}: too narrow"
    if not wraps and one.height() < one.minimumSizeHint().height():
        yield f"{text}: too low"
    if text and contrast(one) <= 60:
        yield f"{text}: pale"


def overlapping(parent: QWidget) -> list[str]:
    """Widgets that cover one another."""
    found = []
    for owner in (parent, *parent.findChildren(QWidget)):
        if owner.layout() is not None and owner.isVisible():
            inside = [one for one in owner.children() if isinstance(one, QWidget)]
            pairs = combinations([one for one in inside if one.isVisible()], 2)
            found += [f"{a} {b}" for a, b in pairs if a.geometry().intersects(b.geometry())]
    return found


def contrast(widget: QWidget) -> float:
    """From the darkest to the brightest pixel, in steps of 256."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    pointer = image.constBits()
    if hasattr(pointer, "setsize"):  # PyQt
        pointer.setsize(image.sizeInBytes())
    pixels = np.frombuffer(pointer, np.uint8).reshape(image.height(), image.bytesPerLine())
    return float(np.ptp(pixels[:, : image.width()]))
