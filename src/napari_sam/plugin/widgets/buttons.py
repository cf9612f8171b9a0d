"""Buttons and texts of the dock; keys still reach the canvas after a click on a button."""

from typing import TypeVar

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QCheckBox, QLabel, QPushButton

Button = TypeVar("Button", bound=QAbstractButton)


def push_button(text: str, tip: str) -> QPushButton:
    """A push button that takes no keyboard focus."""
    return _without_focus(QPushButton(text), tip)


def check_box(text: str, tip: str) -> QCheckBox:
    """A check box that takes no keyboard focus."""
    return _without_focus(QCheckBox(text), tip)


def text_label(text: str = "", word_wrap: bool = False) -> QLabel:
    """A line of text; with `word_wrap`, as many lines as the width of the dock needs."""
    label = QLabel(text)
    label.setWordWrap(word_wrap)
    return label


def _without_focus(button: Button, tip: str) -> Button:
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
