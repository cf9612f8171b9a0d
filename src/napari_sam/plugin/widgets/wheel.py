"""WheelScrolls: the mouse wheel over the dock scrolls, and sets no list and no number."""

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QDial, QSlider, QWidget

_SET_BY_WHEEL = (QAbstractSpinBox, QComboBox, QDial, QSlider)


class WheelScrolls(QObject):
    """Event filter that leaves the wheel to the widgets around a list or a number.

    Qt's lists and numbers take the wheel whenever the mouse is over them, with or without focus: a
    user who scrolls past would change them without noticing.

    Parameters
    ----------
    around : QWidget
        Gets the filter on all lists and numbers inside, so it is made after them.
    """

    def __init__(self, around: QWidget) -> None:
        super().__init__(around)
        for widget in around.findChildren(QWidget):
            if isinstance(widget, _SET_BY_WHEEL):
                widget.installEventFilter(self)

    def eventFilter(  # noqa: N802, Qt's name
        self, watched: QObject | None, event: QEvent | None
    ) -> bool:
        """Take the wheel from the watched widget; as an ignored event it goes to its parent."""
        if event is None or event.type() != QEvent.Type.Wheel:
            return False
        event.ignore()
        return True
