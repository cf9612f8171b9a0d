"""KeyHelp: the keys and what they do, folded to one line."""

from collections.abc import Mapping

from qtpy.QtWidgets import QLabel

from .fold import Fold


class KeyHelp(Fold):
    """A line that unfolds to all keys.

    Parameters
    ----------
    keys : mapping of str to str
        Key -> what it does.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__("Keys", "All keys that work on the layers of SAM")
        self.grid.setVerticalSpacing(1)
        for row, (key, meaning) in enumerate(keys.items()):
            self.grid.addWidget(QLabel(f"<b>{key}</b>"), row, 0)
            self.grid.addWidget(QLabel(meaning), row, 1)
        self.grid.setColumnStretch(1, 1)
