"""Buttons of the dock: keys go on reaching the canvas after a click on one."""

from typing import TypeVar

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QCheckBox, QPushButton

Button = TypeVar("Button", bound=QAbstractButton)


def push_button(text: str, tip: str) -> QPushButton:
    """A button to press."""
    return _told(QPushButton(text), tip)


def check_box(text: str, tip: str) -> QCheckBox:
    """A box to tick."""
    return _told(QCheckBox(text), tip)


def _told(button: Button, tip: str) -> Button:
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
