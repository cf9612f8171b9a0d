"""The wheel over the dock scrolls: no list and no number changes, with focus or without."""

from typing import Any

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QSlider, QWidget

from tests.plugin.bench import Bench, Open, picture

SETTINGS = (QAbstractSpinBox, QComboBox, QSlider)


def settings(dock: QWidget) -> list[Any]:
    return [one for one in dock.findChildren(QWidget) if isinstance(one, SETTINGS)]


def value(widget: Any) -> Any:
    return widget.currentIndex() if isinstance(widget, QComboBox) else widget.value()


def turn_wheel(widget: QWidget, step: int) -> bool:
    """Turn the wheel over a widget; whether the widget took it from those around."""
    centre = QPointF(widget.rect().center())
    event = QWheelEvent(
        centre, QPointF(widget.mapToGlobal(widget.rect().center())), QPoint(), QPoint(0, step),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


@pytest.fixture
def bench(open_dock: Open) -> Bench:
    bench = open_dock(picture(2, 3, 40, 48), show=True, axis_labels=("t", "z", "y", "x"))
    bench.viewer.add_image(picture(2, 3, 40, 48), name="other", blending="additive")
    bench.dock.class_box.add_button.click()
    bench.dock.accept_box.label.setValue(3)
    bench.idle()
    return bench


@pytest.mark.parametrize("step", [-120, 120])
def test_no_setting_of_the_dock_is_changed_by_the_wheel(bench: Bench, step: int) -> None:
    every = settings(bench.dock)
    assert len(every) >= 9  # images, models, axis, overlaps, label, three numbers, class
    assert {type(one).__name__ for one in every} >= {"QComboBox", "QDoubleSpinBox"}
    assert sum(isinstance(one, QComboBox) and one.count() > 1 for one in every) >= 5
    bench.dock.accept_box.set_open()
    before = [value(one) for one in every]
    for one in every:
        one.setFocus()
        assert not turn_wheel(one, step)
        if isinstance(one, QAbstractSpinBox):
            turn_wheel(one.lineEdit(), step)
    bench.idle()
    assert [value(one) for one in every] == before
    assert bench.dock.accept_box.chosen.label == 3


def test_settings_show_while_their_section_is_shut(bench: Bench) -> None:
    dock = bench.dock
    box = dock.accept_box
    title = lambda fold: fold.button.text().split(" ", 1)[1].strip()  # noqa: E731
    plain = title(box).split(":")[0]
    dock.keys.set_open()
    assert title(box) == f"{plain}: label 3"
    box.set_open()
    assert title(box) == plain
    box.policy.setCurrentIndex(1)
    box.holes.click()
    dock.keys.set_open()
    assert title(box) == f"{plain}: label 3 + 2"
    box.label.setValue(0)
    assert title(box) == f"{plain}: replace others + 1"
    box.policy.setCurrentIndex(0)
    box.holes.click()
    assert title(box) == plain
    assert title(dock.class_box).endswith(": class 1")
    dock.class_box.classes.setCurrentRow(0)
    assert ":" not in title(dock.class_box)
    dock.everything_box.linked.click()
    assert title(dock.everything_box).endswith(": linked")
    bench.viewer.layers.clear()
    bench.viewer.add_image(picture(40, 48))
    bench.idle()
    assert ":" not in title(dock.everything_box)  # there is no stack to link through
