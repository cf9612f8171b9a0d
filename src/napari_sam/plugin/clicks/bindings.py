"""Bindings: keys of the dock on the viewer and on the layers of the dock; no Qt."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from napari.components import ViewerModel
from napari.layers import Labels, Layer
from napari.utils.key_bindings import KeymapProvider, coerce_keybinding

from napari_sam.plugin.keys import bound_actions


class Bindings:
    """The keys of the table of actions, for as long as the dock is open.

    napari looks for a key on the selected layer, in the keys of the class of the layer, and then on
    the viewer. On the viewer, the keys work with any selected layer that has no use for them. On
    the layers of the dock they work even where the class of the layer has the key.

    Parameters
    ----------
    run : callable
        Runs an action by its name; see :meth:`Actions.run`.
    """

    def __init__(self, run: Callable[[str], None]) -> None:
        self._calls = {action.key: partial(run, action.name) for action in bound_actions()}
        self._bound: list[tuple[KeymapProvider, dict[Any, Callable[[Any], Any]]]] = []

    def bind(self, layer: Layer) -> None:
        """Bind the keys on a layer of the dock."""
        if all(provider != layer for provider, _ in self._bound):
            self._bind(layer, self._calls)

    def bind_viewer(self, viewer: ViewerModel) -> None:
        """Bind the keys on the viewer, except keys that somebody else has bound there."""
        free = {k: c for k, c in self._calls.items() if coerce_keybinding(k) not in viewer.keymap}
        self._bind(viewer, free)

    def _bind(self, provider: KeymapProvider, calls: Mapping[str, Callable[[], None]]) -> None:
        bound = {}
        for key, call in calls.items():
            bound[coerce_keybinding(key)] = pressed = _callback(key, call)
            provider.bind_key(key, pressed, overwrite=True)
        self._bound.append((provider, bound))

    def release(self, layer: Layer) -> None:
        """Unbind the keys of a layer."""
        self._release(lambda provider: provider == layer)

    def release_layers(self) -> None:
        """Unbind the keys of all layers; those of the viewer stay."""
        self._release(lambda provider: isinstance(provider, Layer))

    def release_all(self) -> None:
        """Unbind all keys."""
        self._release(lambda provider: True)

    def _release(self, which: Callable[[KeymapProvider], bool]) -> None:
        for provider, bound in [entry for entry in self._bound if which(entry[0])]:
            self._bound = [entry for entry in self._bound if entry[0] is not provider]
            for key, pressed in bound.items():
                if provider.keymap.get(key) is pressed:  # and not bound anew by somebody else
                    provider.bind_key(key, None)


def taken_keys(layer: Layer | None) -> frozenset[str]:
    """Keys of the dock that a selected layer of the user has itself, as in the table of actions."""
    if layer is None:
        return frozenset()
    maps = [layer.keymap, *_class_keymaps(layer)]
    keys = (action.key for action in bound_actions())
    return frozenset(k for k in keys if any(coerce_keybinding(k) in each for each in maps))


def _class_keymaps(layer: Layer) -> list[dict[Any, Callable[[Any], Any]]]:
    """Keymaps of the class of a layer, and of its bases; `layer` may be napari's proxy of it."""
    return [getattr(each, "class_keymap", {}) for each in layer.__class__.__mro__]


def _callback(key: str, call: Callable[[], None]) -> Callable[[Any], Any]:
    def pressed(provider: KeymapProvider) -> Any:
        if isinstance(provider, Labels) and provider.mode == "polygon":
            for keymap in _class_keymaps(provider):
                if (own := keymap.get(coerce_keybinding(key))) is not None:
                    return own(provider)  # ends the polygon, or takes its last corner back
        return call()

    return pressed
