"""Label under: the label at a position in the world."""

from collections.abc import Sequence

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels

from napari_sam.image.volume import Plane
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.layers.only_shown import is_helper
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.workspace import Workspace

_USE = "Use these labels"


def label_under(work: Workspace, world: Sequence[float]) -> tuple[Plane, int]:
    """Read the label at a position; used by the actions on the label under the cursor.

    Parameters
    ----------
    work : Workspace
        With a Labels layer.
    world : sequence of float
        Position in the world, for example of the cursor.

    Returns
    -------
    tuple of int, int
        The plane, without channels, and the label; 0 without a label and outside of the image.
    """
    if work.labels is None:
        return (), 0
    position = [float(v) for v in work.labels.world_to_data(world)]
    row, column = (int(np.floor(v + 0.5)) for v in position[-2:])
    plane, labels = work.source.to_plane(position), work.labels_layer.plain()
    index = (*plane, row, column)
    inside = all(0 <= i < n for i, n in zip(index, labels.shape, strict=True))
    return plane, int(np.asarray(labels[index])) if inside else 0


def label_to_change(
    desk: Desk, viewer: ViewerModel, world: Sequence[float], missing: str
) -> tuple[Workspace, int] | None:
    """Image in use and label at a position, for an action on a label.

    Parameters
    ----------
    desk : Desk
        Has the image in use; tells the user why there is no label to change.
    viewer : napari.Viewer
        In 3D and turned views, no position has a label.
    world : sequence of float
        Position in the world.
    missing : str
        Line for the user where no label is.

    Returns
    -------
    (Workspace, int) or None
        None after a line for the user, and without an image.
    """
    if (work := desk.workspace) is None:
        return None
    if problem := obstacle(viewer.dims):
        desk.say(problem)
        return None
    _, label = label_under(work, world)
    if not label:
        desk.say(missing)
        return None
    return work, label


def label_elsewhere(viewer: ViewerModel, work: Workspace, world: Sequence[float]) -> str:
    """Line about a label at a position, of a layer that is not in use; empty without a label."""
    for layer in reversed(list(viewer.layers)):
        is_other = isinstance(layer, Labels) and not (work.owns(layer) or is_helper(layer))
        value = layer.get_value(world, world=True) if is_other and layer.visible else None
        if value[1] if isinstance(value, tuple) else value:  # of a pyramid: level and value
            return f"{layer.name} is not in use: select it, and press {_USE}."
    return ""
