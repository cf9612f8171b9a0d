"""Only shown: layers of the dock that are neither edited nor saved with all layers; no Qt."""

from collections.abc import Callable
from typing import Any, TypeVar

from napari.components import LayerList
from napari.layers import Labels, Layer, Shapes
from napari.plugins.io import save_layers
from napari.utils.events import Event

from .conventions import HELPER_KEY

Shown = TypeVar("Shown", Labels, Shapes)


def only_shown(layer: Shown) -> Shown:
    """Let no tool of napari change a layer, and mark it as a helper.

    napari makes a layer editable again with new data, and when the view goes from 3D to 2D.

    Parameters
    ----------
    layer : napari.layers.Labels or napari.layers.Shapes
        A layer of the dock.

    Returns
    -------
    napari.layers.Labels or napari.layers.Shapes
        The same layer.
    """
    layer.metadata[HELPER_KEY] = True
    layer.editable = False
    layer.events.editable.connect(_forbid)
    return layer


def _forbid(event: Event) -> None:
    event.source.editable = False


def is_helper(layer: Layer) -> bool:
    """Whether a layer only shows something."""
    return bool(layer.metadata.get(HELPER_KEY))


def save_without_helpers(layers: LayerList) -> Callable[[], None]:
    """Let *Save all layers* leave out the helpers.

    napari asks no layer whether it is to be saved, so the method of the list is replaced, for as
    long as the dock is open. Selected layers are saved as ever.

    Parameters
    ----------
    layers : LayerList
        All layers of the viewer.

    Returns
    -------
    callable
        Puts the method back.
    """
    save_as_ever = layers.save

    def save(path: str, *, selected: bool = False, **options: Any) -> list[str]:
        others = [layer for layer in layers if not is_helper(layer)]
        if selected or not others or len(others) == len(layers):
            return save_as_ever(path, selected=selected, **options)
        return save_layers(path, others, **options)

    def put_back() -> None:
        if layers.__dict__.get("save") is save:
            del layers.__dict__["save"]

    layers.__dict__["save"] = save
    return put_back
