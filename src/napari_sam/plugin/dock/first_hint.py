"""FirstHint: the three steps of annotation, for users who open the dock for the first time."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from napari_sam.plugin.settings import FIRST_HINT

STEPS = "<b>1</b> click on a cell, <b>2</b> correct with more clicks, <b>3</b> Enter accepts it"


class FirstHint(QFrame):
    """Text of the three steps, hidden for ever after the first accepted object or *Got it*."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        text = QLabel(STEPS)
        text.setWordWrap(True)
        self.button = QPushButton("Got it")
        self.button.setToolTip("Do not show this again")
        self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.button.clicked.connect(lambda: self.leave())
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 4, 4, 4)
        row.addWidget(text, 1)
        row.addWidget(self.button)
        self.setVisible(FIRST_HINT.read())

    def leave(self) -> None:
        """Hide the hint, and note in the preferences not to show it again."""
        if not self.isHidden():
            self.hide()
            FIRST_HINT.remember(False)
