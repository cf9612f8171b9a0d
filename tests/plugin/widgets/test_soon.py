"""Soon: once, and before the window is painted."""

from typing import Any

from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_sam.plugin.widgets.soon import Soon


class Painted(QWidget):
    """Notes when it is painted."""

    def __init__(self, notes: list[str]) -> None:
        super().__init__()
        self.notes = notes

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, Qt's name
        self.notes.append("painted")


def test_it_comes_once_and_before_the_window_is_painted(qtbot: Any) -> None:
    notes: list[str] = []
    widget = Painted(notes)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    QApplication.processEvents()
    soon = Soon(lambda: notes.append("called"), widget)
    notes.clear()
    widget.update()
    soon.start()
    soon.start()
    assert soon.isActive()
    assert notes == []
    qtbot.waitUntil(lambda: "painted" in notes)
    assert notes == ["called", "painted"]
    assert not soon.isActive()


def test_it_can_be_taken_back_and_asked_for_again(qtbot: Any) -> None:
    notes: list[str] = []
    widget = QWidget()
    qtbot.addWidget(widget)
    soon = Soon(lambda: notes.append("called"), widget)
    soon.start()
    soon.stop()
    QApplication.processEvents()
    assert notes == []
    soon.start()
    soon.stop()
    soon.start()
    QApplication.processEvents()
    QApplication.processEvents()
    assert notes == ["called"]
