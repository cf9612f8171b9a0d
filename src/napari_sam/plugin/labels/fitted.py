"""Fitted: labels of any Labels layer, as the Labels layer of an image needs them; no Qt."""

from typing import Any

import numpy as np
from napari.layers import Labels

from napari_sam.errors import LabelError
from napari_sam.labels.files.read import copy_labels
from napari_sam.labels.label_array import LabelArray
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.layers.labels_layer import over_channels


def fitted_labels(layer: Labels, source: ImageSource) -> LabelArray:
    """Labels of a layer that can be painted into, and lie pixel by pixel on an image.

    Parameters
    ----------
    layer : napari.layers.Labels
        A layer of the user. Of a pyramid, the first level counts.
    source : ImageSource
        The image.

    Returns
    -------
    LabelArray
        uint32, with the axes of the image's layer. The layer's own array where that is such an
        array in memory, otherwise a copy: files behind an array stay as they are.

    Raises
    ------
    LabelError
        If the layer has another shape than the image, axes of length 1 aside, or labels that
        differ between channels.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    shape, axis = tuple(source.data.shape[: len(source.layer_axes)]), source.channel_axis
    if tuple(data.shape) == shape and axis is not None:
        first = data[(slice(None),) * axis + (0,)]
        if not np.array_equal(
            np.asarray(data), np.broadcast_to(np.expand_dims(first, axis), shape)
        ):
            raise LabelError(
                f"{layer.name} differs between channels: labels are the same in all of them"
            )
        data = first
    if _without_ones(data.shape) != _without_ones(source.label_shape):
        raise LabelError(
            f"{layer.name} does not fit {source.name}: it has {_size(data.shape)} pixels, and the "
            f"image {_size(source.label_shape)}"
        )
    if axis is None and tuple(data.shape) == shape and _can_be_painted(data):
        return data  # type: ignore[no-any-return]
    copy = copy_labels(data)
    if tuple(copy.shape) != source.label_shape:
        copy = np.asarray(copy).reshape(source.label_shape)
    return over_channels(copy, source)


def _can_be_painted(data: Any) -> bool:
    """Whether an array is in memory alone, and has room for any label."""
    in_memory = isinstance(data, np.ndarray) and not isinstance(data, np.memmap)
    return bool(in_memory and data.dtype == np.uint32 and data.flags.writeable)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
