"""Bindings: keys on the layers of the dock, and how they go again."""

from collections.abc import Callable, Mapping
from typing import Any

KEYS = {
    "Q": "object or not",
    "Shift-click": "background",
    "W": "click / draw",
    "G": "follow in slices",
    "N": "next to look at",
    "K": "as daughter",
    "J": "another object",
    "H": "another size",
    "Shift-H": "hover on / off",
    "Shift-J": "pick up label",
    "Shift-S": "review: next",
    "Shift-D": "review: drop",
    "Shift-F": "review: keep",
    "Enter": "accept",
    "Escape": "drop",
    "U": "undo accept",
    "Ctrl-Z": "undo",
    "Ctrl-Shift-Z": "redo",
}
"""Key -> what it does; Q, W, G, H, J, K, N and U are free on all of napari's layers."""


class Bindings:
    """Keys on some layers, for as long as the dock is open.

    Parameters
    ----------
    actions : mapping of str to callable
        Key -> what to do.
    """

    def __init__(self, actions: Mapping[str, Callable[[], None]]) -> None:
        self._actions = dict(actions)
        self._layers: list[Any] = []

    def bind(self, layer: Any) -> None:
        """Put the keys on a layer of our own."""
        for key, action in self._actions.items():
            layer.bind_key(key, _callback(action), overwrite=True)
        self._layers.append(layer)

    def release(self, layer: Any) -> None:
        """Take the keys off one layer."""
        if layer in self._layers:
            self._layers.remove(layer)
            for key in self._actions:
                layer.bind_key(key, None)

    def release_all(self) -> None:
        """Take the keys off all layers."""
        for layer in list(self._layers):
            self.release(layer)


def _callback(action: Callable[[], None]) -> Callable[[Any], None]:
    def pressed(layer: Any) -> None:
        action()

    return pressed
