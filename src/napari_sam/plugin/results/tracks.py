"""Tracks: the ways of all labels through time, in a Tracks layer over the image."""

from typing import Any

import numpy as np

from napari_sam.labels.tracks import Tracks
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.layers.conventions import IMAGE_KEY
from napari_sam.plugin.layers.placement import placement


def show_tracks(viewer: Any, image: Any, source: ImageSource, tracks: Tracks) -> Any:
    """Put a Tracks layer over the image, in the place of the one that is there."""
    data = tracks.data
    if source.channel_axis is not None:
        data = np.insert(data, 1 + source.channel_axis, source.channel, axis=1)
    for layer in list(viewer.layers):
        mine = layer.metadata.get(IMAGE_KEY) == str(image.unique_id)
        if mine and layer.name.startswith("SAM tracks"):
            viewer.layers.remove(layer)
    active = viewer.layers.selection.active
    added = viewer.add_tracks(
        data,
        graph={child: list(mothers) for child, mothers in tracks.graph.items()},
        name="SAM tracks",
        metadata={IMAGE_KEY: str(image.unique_id)},
        **placement(image),
    )
    viewer.layers.selection.active = active
    return added
