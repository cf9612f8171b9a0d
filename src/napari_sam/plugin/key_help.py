"""KeyHelp: the keys and what they do."""

from collections.abc import Mapping

from qtpy.QtWidgets import QLabel

from .fold import Fold


class KeyHelp(Fold):
    """All keys in two columns: letters, and the longer ones.

    Parameters
    ----------
    keys : mapping of str to str
        Key -> what it does.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__("Keys", "All keys that work on the layers of SAM")
        self.grid.setHorizontalSpacing(5)
        self.grid.setVerticalSpacing(0)
        self.grid.setColumnStretch(1, 1)
        self.grid.setColumnStretch(4, 1)
        rows = [0, 0]
        for key, meaning in keys.items():
            side = len(key) > 1
            for column, text in enumerate((f"<b>{key}</b>", meaning)):
                label = QLabel(text)
                label.setStyleSheet("padding: 0;")  # napari's would make the dock too wide
                self.grid.addWidget(label, rows[side], 3 * side + column)
            rows[side] += 1
