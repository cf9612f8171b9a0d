"""Scroll: as wide as its content, as low as the window wants, and at the part that is asked for."""

from typing import Any

import pytest
from qtpy.QtCore import QRect
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_sam.plugin.widgets.scroll import Scroll

LINES = 40


@pytest.fixture
def lines(qtbot: Any) -> tuple[Scroll, list[QLabel]]:
    """A column of lines, in a window that has room for a few of them."""
    content = QWidget()
    column = QVBoxLayout(content)
    labels = [QLabel(f"line {number} of the column") for number in range(LINES)]
    for label in labels:
        column.addWidget(label)
    scroll = Scroll(content)
    qtbot.addWidget(scroll)
    scroll.resize(scroll.minimumSizeHint().width(), 200)
    scroll.show()
    qtbot.waitExposed(scroll)
    return scroll, labels


def is_in_sight(scroll: Scroll, label: QLabel) -> bool:
    viewport = scroll.viewport()
    assert viewport is not None
    corner = label.mapTo(viewport, label.rect().topLeft())
    return viewport.rect().contains(QRect(corner, label.size()))


def test_nothing_is_cut_off_at_the_side(lines: tuple[Scroll, list[QLabel]]) -> None:
    scroll, labels = lines
    assert scroll.height() == 200 < scroll.sizeHint().height()
    assert is_in_sight(scroll, labels[0])
    assert not is_in_sight(scroll, labels[-1])


def test_a_part_is_shown_and_its_upper_end_if_not_all_fits(
    lines: tuple[Scroll, list[QLabel]], qtbot: Any
) -> None:
    scroll, labels = lines
    scroll.show_widgets(labels[30], labels[32])
    qtbot.waitUntil(lambda: is_in_sight(scroll, labels[32]))
    assert is_in_sight(scroll, labels[30])
    scroll.show_widgets(labels[3], labels[-1])
    qtbot.waitUntil(lambda: is_in_sight(scroll, labels[3]))
    assert not is_in_sight(scroll, labels[-1])


def test_content_that_grows_wider_widens_the_area(
    lines: tuple[Scroll, list[QLabel]], qtbot: Any
) -> None:
    scroll, labels = lines
    width = scroll.minimumSizeHint().width()
    labels[0].setText("a line that is longer than all the other lines of the column")
    qtbot.waitUntil(lambda: scroll.minimumSizeHint().width() > width)
