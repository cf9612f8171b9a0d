"""KeyHelp: the fold with all keys and their meaning."""

from collections.abc import Mapping

from qtpy.QtWidgets import QLabel

from napari_sam.plugin.widgets.fold import Fold

_LONGEST = len("Shift-click")
"""Characters of the longest key with a column for its meaning; with a longer key it is one text."""


class KeyHelp(Fold):
    """Two columns of keys, letters on the left, narrow enough for the width of the dock.

    Parameters
    ----------
    keys : mapping of str to str
        Key -> a few words on its action; see :func:`napari_sam.plugin.keys.key_help`.
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
            place = rows[side], 3 * side
            if len(key) > _LONGEST:
                self.grid.addWidget(_text(f"<b>{key}</b> {meaning}"), *place, 1, 2)
            else:
                self.grid.addWidget(_text(f"<b>{key}</b>"), *place)
                self.grid.addWidget(_text(meaning), place[0], place[1] + 1)
            rows[side] += 1


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setStyleSheet("padding: 0;")  # napari's would make the dock too wide
    return label
