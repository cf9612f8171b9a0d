"""Bindings: keys on the layers of the dock, for as long as the dock is open."""

from collections.abc import Callable
from functools import partial

from napari.layers import Layer

from napari_sam.plugin.keys import bound_actions


class Bindings:
    """The keys of the table of actions, on layers of the dock.

    Parameters
    ----------
    run : callable
        Runs an action by its name; see :meth:`Actions.run`.
    on_labels : bool
        Whether the layers are Labels layers, on which fewer keys work.
    """

    def __init__(self, run: Callable[[str], None], on_labels: bool = False) -> None:
        names = {action.key: action.name for action in bound_actions(on_labels)}
        self._calls = {key: partial(run, name) for key, name in names.items()}
        self._layers: list[Layer] = []

    def bind(self, layer: Layer) -> None:
        """Bind the keys on a layer of the dock."""
        for key, call in self._calls.items():
            layer.bind_key(key, _callback(call), overwrite=True)
        self._layers.append(layer)

    def release(self, layer: Layer) -> None:
        """Unbind the keys of a layer."""
        if layer in self._layers:
            self._layers.remove(layer)
            for key in self._calls:
                layer.bind_key(key, None)

    def release_all(self) -> None:
        """Unbind the keys of all layers."""
        for layer in list(self._layers):
            self.release(layer)


def _callback(call: Callable[[], None]) -> Callable[[Layer], None]:
    def pressed(layer: Layer) -> None:
        call()

    return pressed
