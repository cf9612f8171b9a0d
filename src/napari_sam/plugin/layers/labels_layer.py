"""LabelsLayer: the Labels layer with the accepted objects of one image."""

from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_sam.labels.canvas import new_labels
from napari_sam.plugin.image.image_source import ImageSource

from .conventions import AXES_KEY, IMAGE_KEY, ROLE_KEY
from .placement import placement


def make_labels(image: Any, source: ImageSource) -> Labels:
    """The Labels layer for accepted objects, ``uint32``, where the image is.

    Labels have no channels. Where the image has a slider for them, all its positions show the
    same memory, so that an object is there in every channel and is stored once.
    """
    shape = tuple(source.data.shape[: len(source.layer_axes)])
    axis = source.channel_axis
    if axis is None:
        data = new_labels(shape)
    else:
        base = np.zeros(shape[:axis] + shape[axis + 1 :], np.uint32)
        strides = (*base.strides[:axis], 0, *base.strides[axis:])
        data = np.lib.stride_tricks.as_strided(base, shape, strides)
    return Labels(
        data,
        name="SAM labels",
        metadata={
            IMAGE_KEY: str(image.unique_id),
            ROLE_KEY: "SAM labels",
            AXES_KEY: source.layer_axes,
        },
        **placement(image),
    )


def to_layer_index(
    source: ImageSource, index: tuple[NDArray[np.intp], ...]
) -> tuple[NDArray[np.intp], ...]:
    """Index arrays of the labels' axes, with the shown channel put in where the layer has it."""
    axis = source.channel_axis
    if axis is None:
        return index
    channel = np.full(index[-1].shape, source.channel, np.intp)
    return (*index[:axis], channel, *index[axis:])
