"""Forms: a frozen dataclass shown as widgets and read back, and numbers that keep their keys."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QVBoxLayout, QWidget

from napari_sam.plugin.widgets.form import Form
from napari_sam.plugin.widgets.number_box import NumberBox


@dataclass(frozen=True, slots=True)
class Options:
    size: Annotated[
        int,
        {"widget_type": NumberBox, "max": 50, "text_for_zero": "any", "suffix": " px"},
    ] = 0
    round: Annotated[bool, {"text": "Round", "tooltip": "Only round objects"}] = True


class Surroundings(QWidget):
    """Counts the keys that its children have ignored."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[int] = []

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802, Qt's name
        if event is not None:
            self.keys.append(event.key())


@pytest.fixture
def form(qtbot: Any) -> Form[Options]:
    return Form(Options)


def test_a_form_shows_the_defaults_and_reads_values_back(form: Form[Options]) -> None:
    size, is_round = form.native("size", QDoubleSpinBox), form.native("round", QCheckBox)
    assert form.value == Options()
    assert (size.text(), is_round.text(), is_round.toolTip()) == (
        "any",
        "Round",
        "Only round objects",
    )
    emitted: list[Any] = []
    form.widget("size").changed.connect(emitted.append)
    size.setValue(12)
    is_round.click()
    assert form.value == Options(12, False)
    assert type(form.value.size) is int
    assert (size.text(), emitted) == ("12 px", [12])


def test_a_widget_of_another_kind_is_refused(form: Form[Options]) -> None:
    with pytest.raises(TypeError, match="size is a QDoubleSpinBox, not a QCheckBox"):
        form.native("size", QCheckBox)


def test_keys_of_a_number_stay_there_and_enter_ends_the_typing(
    form: Form[Options], qtbot: Any
) -> None:
    around, size = Surroundings(), form.native("size", QDoubleSpinBox)
    QVBoxLayout(around).addWidget(size)
    qtbot.addWidget(around)
    around.show()
    around.activateWindow()
    size.setFocus()
    qtbot.waitUntil(size.hasFocus)
    size.selectAll()
    for key in (Qt.Key.Key_1, Qt.Key.Key_7, Qt.Key.Key_F5, Qt.Key.Key_Return):
        QTest.keyClick(size, key)
    assert form.value.size == 17
    assert not size.hasFocus()
    assert around.keys == []
