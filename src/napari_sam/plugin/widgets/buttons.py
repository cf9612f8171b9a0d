"""Buttons and texts of the dock; keys still reach the canvas after a click on a button."""

from typing import TypeVar

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QCheckBox, QLabel, QPushButton

Button = TypeVar("Button", bound=QAbstractButton)

_PRIMARY = (
    "QPushButton { padding: 7px 4px; font-weight: bold; }"
    "QPushButton:enabled { background-color: #1b7a4b; color: #ffffff; }"
    "QPushButton:enabled:hover { background-color: #22935b; }"
    "QPushButton:enabled:pressed { background-color: #155e3a; }"
)
"""Style of the main button: white on green, 5.3 to 1, in napari's dark and light themes alike."""


def push_button(text: str, tip: str) -> QPushButton:
    """A push button that takes no keyboard focus."""
    return _without_focus(QPushButton(text), tip)


def primary_button(text: str, tip: str) -> QPushButton:
    """The button of the main action: higher than others, and green while it is enabled."""
    button = push_button(text, tip)
    button.setStyleSheet(_PRIMARY)
    return button


def heading(text: str) -> QLabel:
    """A bold line above a group of widgets."""
    label = QLabel(text)
    label.setStyleSheet("QLabel { font-weight: bold; padding: 2px 0 0 0; }")
    return label


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
