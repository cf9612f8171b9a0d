"""Label under: the label at a position in the world."""

from collections.abc import Sequence

import numpy as np

from napari_sam.image.volume import Plane
from napari_sam.plugin.workspace import Workspace


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
