"""KeyHelp: the fold with all keys and their meaning."""

from collections.abc import Mapping

from qtpy.QtWidgets import QLabel

from napari_sam.plugin.widgets.fold import Fold


class KeyHelp(Fold):
    """A line for each key, narrow enough for the width of the dock.

    Parameters
    ----------
    keys : mapping of str to str
        Key -> a few words on its action; see :func:`napari_sam.plugin.keys.key_help`.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__("?  Keys and mouse", "All keys, and what clicks do with a key held")
        self.grid.setHorizontalSpacing(10)
        self.grid.setVerticalSpacing(0)
        self.grid.setColumnStretch(1, 1)
        for row, (key, meaning) in enumerate(keys.items()):
            self.grid.addWidget(_text(f"<b>{key}</b>"), row, 0)
            self.grid.addWidget(_text(meaning), row, 1)


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setStyleSheet("padding: 0;")  # napari's would make the dock too wide
    return label
