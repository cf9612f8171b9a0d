"""Can write: reasons why a stroke cannot change the labels in use, as lines for the user; no Qt."""

from typing import Any

from napari.components import ViewerModel

from napari_sam.plugin.clicks.label_under import label_elsewhere
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.workspace import Workspace

from .drawn_stroke import DrawnStroke

NO_LABELS = "There are no labels yet: accept an object first, or use labels of your own."


def cannot_draw(viewer: ViewerModel, work: Workspace) -> str:
    """Reason why no stroke can be drawn now; empty where it can."""
    return obstacle(viewer.dims) or cannot_write(viewer, work)


def cannot_write(viewer: ViewerModel, work: Workspace) -> str:
    """Reason why no stroke can change the labels now; empty where it can."""
    layer = work.labels
    if layer is None or layer not in viewer.layers:
        return NO_LABELS
    if not layer.visible:
        return f"{layer.name} is hidden: show it, to see what a stroke changes."
    source = work.source
    if tuple(layer.data.shape) != tuple(source.data.shape[: len(source.layer_axes)]):
        return f"{layer.name} has another shape than {source.name}: a stroke cannot change it."
    if _is_read_only(layer.data):
        return f"{layer.name} is read-only: duplicate it, and press Use these labels."
    return ""


def no_label_here(viewer: ViewerModel, drawn: DrawnStroke) -> str:
    """Line about a label under a stroke, in a layer that is not in use; empty without one."""
    worlds = (drawn.layer.data_to_world(point) for point in drawn.points)
    return next(filter(None, (label_elsewhere(viewer, drawn.work, each) for each in worlds)), "")


def _is_read_only(data: Any) -> bool:
    """Whether an array in memory, in a file or of a zarr store refuses to be written."""
    flags = getattr(data, "flags", None)
    is_locked = flags is not None and not flags.writeable
    return bool(is_locked or getattr(data, "read_only", False) or hasattr(data, "dask"))
