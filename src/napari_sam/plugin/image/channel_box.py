"""ChannelBox: a menu of the channels and layers that join the chosen image in the model input."""

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QMenu, QSizePolicy, QToolButton

from .composite import SEEN, Option


class ChannelBox(QToolButton):
    """A button that opens the menu; hidden without channels or layers to choose.

    Signals
    -------
    opened
        The user opens the menu: time to renew it.
    chosen : object, bool
        Key of an :class:`Option`, and True to add it to the model input, False to remove it.
    """

    opened = Signal()
    chosen = Signal(object, bool)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # Long names must not make the dock wider.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(
            f"Channels that the model sees as well, {SEEN} in all, in the colours and at the\n"
            "contrast of their layers. None: it sees the chosen image alone, in grey."
        )
        self.list = QMenu(self)
        self.list.aboutToShow.connect(self.opened)
        self.setMenu(self.list)
        self.show_options(())

    def show_options(self, options: Sequence[Option]) -> None:
        """List the channels and layers to choose from. Sends no signal."""
        self.list.clear()
        for option in options:
            # In the text of a menu, & marks the key of an entry.
            action = self.list.addAction(option.name.replace("&", "&&"))
            if action is not None:
                action.setCheckable(True)
                action.setChecked(option.chosen)
                action.triggered.connect(
                    lambda checked, key=option.key: self.chosen.emit(key, checked)
                )
        names = [option.name for option in options if option.chosen]
        self.setText(f"+ {', '.join(names)}" if names else "+ channels")
        self.setVisible(bool(options))
