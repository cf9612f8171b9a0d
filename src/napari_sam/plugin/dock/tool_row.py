"""ToolRow: the buttons of the prompt tools: object, background, box and scribble."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QWidget

from napari_sam.plugin.clicks.tools import BOX, SCRIBBLE
from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.layers.conventions import BACKGROUND, BOX_COLOUR, COLOURS, FOREGROUND
from napari_sam.plugin.widgets.buttons import push_button

TOOLS = {
    FOREGROUND: ("● Object", COLOURS[FOREGROUND], "click_foreground"),
    BACKGROUND: ("✕ Background", COLOURS[BACKGROUND], "click_background"),
    BOX: ("▭ Box", BOX_COLOUR, "draw_box"),
    SCRIBBLE: ("~ Scribble", COLOURS[FOREGROUND], "scribble"),
}
"""By tool: text of its button, colour of its border when chosen, action with its tooltip."""


class ToolRow(QWidget):
    """Four buttons in two rows; the button of the chosen tool is pressed.

    Attributes
    ----------
    tools : dict of str to QPushButton
        By tool: ``"foreground"``, ``"background"``, ``"box"`` or ``"scribble"``.

    Signals
    -------
    chosen : str
        The tool whose button the user pressed.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.tools: dict[str, QPushButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        group = QButtonGroup(self)
        for index, (tool, (text, colour, action)) in enumerate(TOOLS.items()):
            button = push_button(text, tip_of(action))
            button.setCheckable(True)
            button.setStyleSheet(_border_style(colour))
            button.clicked.connect(lambda checked, tool=tool: self.chosen.emit(tool))
            group.addButton(button)
            grid.addWidget(button, *divmod(index, 2))
            self.tools[tool] = button

    def show_tool(self, tool: str, background: bool = False) -> None:
        """Press the button of a tool; the scribble's border says object or background.

        Sends no signal.
        """
        self.tools[tool].setChecked(True)
        if tool == SCRIBBLE:
            colour = COLOURS[BACKGROUND if background else FOREGROUND]
            self.tools[tool].setStyleSheet(_border_style(colour))


def _border_style(colour: str) -> str:
    return (
        "QPushButton { padding: 3px 4px; border: 2px solid transparent; }"
        f"QPushButton:checked {{ border-color: {colour}; }}"
    )
