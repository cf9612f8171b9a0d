"""StateWatch: has the status line renewed when viewer, layers or history change; no Qt."""

from collections.abc import Callable, Iterator

from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.events import Event, EventEmitter

from .workspace import Workspace


class StateWatch:
    """Listens to all events of napari after which the dock may offer something else.

    Parameters
    ----------
    viewer : napari.Viewer
        Has the layers, the selection and the axes.
    renew : callable
        Has the state read again, after the events at hand.
    """

    def __init__(self, viewer: ViewerModel, renew: Callable[[], None]) -> None:
        self._viewer, self._renew = viewer, renew
        self._layers: list[Layer] = []
        self._work: Workspace | None = None
        for emitter in self._emitters():
            emitter.connect(self._changed)
        self._watch_layers()

    def use(self, work: Workspace) -> None:
        """Listen to the history of an image."""
        self._work = work
        work.history.changed.connect(self._renew)

    def leave(self) -> None:
        """Listen no longer to the history of an image."""
        if self._work is not None:
            self._work.history.changed.disconnect(self._renew)
            self._work = None

    def close(self) -> None:
        """Listen no longer."""
        self.leave()
        for emitter in self._emitters():
            emitter.disconnect(self._changed)
        for layer in self._layers:
            self._disconnect(layer)
        self._layers = []

    def _emitters(self) -> Iterator[EventEmitter]:
        layers, dims = self._viewer.layers, self._viewer.dims.events
        yield from (layers.events.inserted, layers.events.removed)
        yield from (layers.selection.events.active, layers.selection.events.changed)
        yield from (dims.ndisplay, dims.order, dims.point)

    def _changed(self, event: Event | None = None) -> None:
        self._watch_layers()
        self._renew()

    def _watch_layers(self) -> None:
        layers = list(self._viewer.layers)
        for layer in self._layers:
            if layer not in layers:
                self._disconnect(layer)
        for layer in layers:
            if layer not in self._layers:
                for emitter in _of_layer(layer):
                    emitter.connect(self._layer_changed)
        self._layers = layers

    def _disconnect(self, layer: Layer) -> None:
        for emitter in _of_layer(layer):
            emitter.disconnect(self._layer_changed)

    def _layer_changed(self, event: Event) -> None:
        self._renew()


def _of_layer(layer: Layer) -> Iterator[EventEmitter]:
    events = layer.events
    yield from (events.mode, events.visible, events.opacity, events.name)
