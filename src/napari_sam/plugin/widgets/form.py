"""Form: magicgui widgets made from a frozen dataclass, and read back as such a dataclass."""

from collections.abc import Callable
from typing import Generic, TypeVar

from magicgui.signature import magic_signature
from magicgui.widgets.bases import ValueWidget
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from .number_box import NumberBox

Value = TypeVar("Value")
Native = TypeVar("Native", bound=QWidget)


class Form(Generic[Value]):
    """A widget for each field of a frozen dataclass; a section of the dock lays them out.

    Keys still reach the canvas after a click on a widget, except on a number that is typed.

    Parameters
    ----------
    kind : type
        A frozen dataclass. Each field has a default, and an annotation with options of its magicgui
        widget: ``smooth: Annotated[int, {"widget_type": NumberBox, "max": 20}] = 0``.
    """

    def __init__(self, kind: type[Value]) -> None:
        self._kind = kind
        self._widgets: dict[str, ValueWidget] = dict(magic_signature(kind).widgets())
        for widget in self._widgets.values():
            if not isinstance(widget, NumberBox):
                widget.native.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    @property
    def value(self) -> Value:
        """The dataclass with the present values of the widgets."""
        return self._kind(**{name: widget.value for name, widget in self._widgets.items()})

    def on_change(self, call: Callable[[], None]) -> None:
        """Call a function after each change of a widget."""
        for widget in self._widgets.values():
            widget.changed.connect(lambda value: call())

    def widget(self, name: str) -> ValueWidget:
        """The magicgui widget of a field; the widget emits `changed` with each new value."""
        return self._widgets[name]

    def native(self, name: str, kind: type[Native]) -> Native:
        """The Qt widget of a field, for a layout.

        Raises
        ------
        TypeError
            If the widget is not of this kind.
        """
        widget = self._widgets[name].native
        if not isinstance(widget, kind):
            raise TypeError(f"{name} is a {type(widget).__name__}, not a {kind.__name__}")
        return widget
