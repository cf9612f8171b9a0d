"""Receiver of a click on the canvas: the prompt layers, the dock or another layer; no Qt."""

from collections.abc import Callable

from napari.components import ViewerModel
from napari.layers import Layer, Points

from napari_sam.plugin.status.dock_state import Receiver
from napari_sam.plugin.workspace import Workspace

PASSIVE = "pan_zoom"
"""napari's mode in which a layer leaves the mouse to the camera."""


def receiver_of(viewer: ViewerModel, work: Workspace | None) -> Receiver:
    """Owner of a click on the canvas.

    Parameters
    ----------
    viewer : napari.Viewer
        Has the selected layer.
    work : Workspace or None
        Has the prompt layers.

    Returns
    -------
    Receiver
        The dock for a selected layer in mode ``pan_zoom`` without mouse callbacks from elsewhere,
        and for no or several selected layers.
    """
    layer = viewer.layers.selection.active
    if layer is None:
        return Receiver.CANVAS
    if work is not None and any(layer == each for each in work.prompts.layers):
        return _of_prompts(layer)
    passive = layer.mode == PASSIVE and not any(map(_foreign, layer.mouse_drag_callbacks))
    return Receiver.CANVAS if passive else Receiver.OTHER


def _of_prompts(layer: Layer) -> Receiver:
    if layer.mode == PASSIVE:
        return Receiver.CANVAS
    adds = layer.mode == "add" if isinstance(layer, Points) else layer.mode.startswith("add_")
    return Receiver.PROMPTS if adds else Receiver.OTHER


def _foreign(callback: Callable[..., object]) -> bool:
    """Whether a mouse callback is of another plugin, and not of napari's own tools."""
    return getattr(callback, "__module__", "").partition(".")[0] != "napari"
