"""LabelsLayer: the Labels layer with the accepted objects of one image; no Qt."""

from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray
from psygnal import Signal

from napari_sam.labels.canvas import new_labels
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.paint import next_free_label
from napari_sam.plugin.image.current_image import CurrentImage
from napari_sam.plugin.image.image_source import ImageSource

from .conventions import AXES_KEY, IMAGE_KEY, ROLE_KEY, find_layer
from .placement import placement
from .preview_layer import PreviewLayer

_LABELS = "SAM labels"

_SEARCHED = 1 << 27
"""Pixels up to which the largest label is searched for each time, in less than 0.1 s."""


class LabelsLayer:
    """The Labels layer for accepted objects, below preview and prompts.

    Labels have no channels: where the image has a slider for channels, all its positions show the
    same memory.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the layer.
    image : CurrentImage
        The image under it.
    preview : PreviewLayer
        Lies above it.

    Attributes
    ----------
    layer : napari.layers.Labels or None
        None after the user has removed the layer.
    stale : bool
        Whether pixels changed that napari has not drawn yet.

    Signals
    -------
    replaced : Labels
        Another layer is used from now on.
    """

    replaced = Signal(object)

    def __init__(self, viewer: ViewerModel, image: CurrentImage, preview: PreviewLayer) -> None:
        self._viewer, self._image, self._preview = viewer, image, preview
        self._largest: int | None = 0
        self.layer: Labels | None = None
        self.stale = False

    def ensure(self) -> Labels:
        """The layer: the one in use, that of an earlier dock with the right shape, or a new one."""
        layers, source = self._viewer.layers, self._image.source
        shape = tuple(source.data.shape[: len(source.layer_axes)])
        layer = self.layer
        if layer is not None and layer in layers and tuple(layer.data.shape) == shape:
            return layer
        image = self._image
        earlier = find_layer(layers, image.key, image.layer.ndim, _LABELS, shape)
        if isinstance(earlier, Labels):
            return self._use(earlier, largest=None)
        return self._use(self._add(make_labels(image.layer, source)), largest=0)

    def _add(self, new: Labels) -> Labels:
        layers = self._viewer.layers
        active = layers.selection.active
        layer: Labels = self._viewer.add_layer(new)  # through napari's proxy, if there is one
        preview = self._preview.layer
        if preview is not None and preview in layers:
            layers.move(layers.index(layer), layers.index(preview))
        layers.selection.active = active
        return layer

    def _use(self, layer: Labels, largest: int | None) -> Labels:
        """Use a layer; `largest` is the largest label in it, None if that is unknown."""
        self.layer, self._largest = layer, largest
        self.replaced.emit(layer)
        return layer

    def _used(self) -> Labels:
        return self.ensure() if self.layer is None else self.layer

    def forget(self, layer: Layer) -> bool:
        """Note that the user has removed a layer; whether it was this one."""
        if layer != self.layer or self.layer is None:
            return False
        self.layer = None
        return True

    @property
    def is_blank(self) -> bool:
        """Whether the layer has no label; a big array is not searched, and counts as not blank."""
        if self.layer is None or self.layer.data.size > _SEARCHED:
            return False
        return not np.any(np.asarray(self.layer.data))

    # --- pixels ------------------------------------------------------------------------------

    def plain(self) -> Any:
        """The labels without an axis of channels; changed in place with the layer.

        Returns
        -------
        array-like
            ``source.label_shape``, integer.
        """
        data, axis = self._used().data, self._image.source.channel_axis
        return data if axis is None else data[(slice(None),) * axis + (0,)]

    def next_label(self) -> int:
        """The next free label: one more than the largest."""
        data = self._used().data
        if data.size > _SEARCHED and self._largest is not None:
            return self._largest + 1
        label = next_free_label(self.plain())
        self._largest = label - 1
        return label

    def note_label(self, label: int) -> None:
        """Note that a label was painted."""
        if self._largest is not None:
            self._largest = max(self._largest, label)

    def search_again(self) -> None:
        """Note that pixels came from elsewhere: the largest label is unknown now."""
        self._largest = None

    def paint(self, edit: LabelEdit, in_history: bool) -> None:
        """Paint an edit; `in_history` through napari, so that its own history can undo it."""
        if in_history:
            index = to_layer_index(self._image.source, edit.indices())
            self._used().data_setitem(index, edit.values())
        else:
            edit.apply(self.plain())
        self.note_label(int(edit.new.max()))


def make_labels(image: Image, source: ImageSource) -> Labels:
    """The Labels layer for accepted objects, ``uint32``, over an image.

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
        name=_LABELS,
        metadata={
            IMAGE_KEY: str(image.unique_id),
            ROLE_KEY: _LABELS,
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
