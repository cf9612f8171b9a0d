"""NumberBox: a whole number in a magicgui form, with a text for zero, a prefix and a unit."""

from typing import Any

from magicgui.widgets import FloatSpinBox
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QDoubleSpinBox

_END_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)


class NumberBox(FloatSpinBox):
    """A spin box for whole numbers; keys act only while the user types a number.

    The base is magicgui's FloatSpinBox, whose QDoubleSpinBox has prefix, suffix and a text for the
    minimum; the native widget of its SpinBox has none of them.

    Parameters
    ----------
    text_for_zero : str
        Shown instead of 0.
    prefix, suffix : str
        Shown before and after other numbers.
    **options
        Options of magicgui's FloatSpinBox, for example ``max``.
    """

    def __init__(
        self, text_for_zero: str = "", prefix: str = "", suffix: str = "", **options: Any
    ) -> None:
        super().__init__(step=1, **options)
        box: QDoubleSpinBox = self.native
        box.setDecimals(0)
        box.setSpecialValueText(text_for_zero)
        box.setPrefix(prefix)
        box.setSuffix(suffix)
        box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._typing = _TypingFilter(box)
        box.installEventFilter(self._typing)

    def get_value(self) -> int:
        """The number as an int; the base class has a float."""
        return round(super().get_value())


class _TypingFilter(QObject):
    """Keeps keys from the canvas while a number is typed.

    napari's dock widgets send every key that their children ignore to the canvas, where Enter would
    accept an object and Escape drop it.
    """

    def __init__(self, box: QDoubleSpinBox) -> None:
        super().__init__(box)
        self._box = box

    def eventFilter(  # noqa: N802, Qt's name
        self, watched: QObject | None, event: QEvent | None
    ) -> bool:
        """Handle keys here, end the typing on Enter and Escape, and pass other events on."""
        if event is None:
            return False
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self._box.event(event)
            event.accept()
            if event.key() in _END_KEYS:
                self._box.clearFocus()
            return True
        return False
