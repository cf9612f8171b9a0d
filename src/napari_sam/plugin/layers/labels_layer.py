"""LabelsLayer: the Labels layer with the accepted objects of an image; no Qt."""

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray
from psygnal import Signal

from napari_sam.labels.canvas import new_labels
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.paint import next_free_label
from napari_sam.plugin.image.current_image import CurrentImage
from napari_sam.plugin.image.image_source import ImageSource

from .conventions import (
    AXES_KEY,
    FILE_KEY,
    IMAGE_KEY,
    LABELS,
    ORIGINAL_KEY,
    ROLE_KEY,
    find_layer,
)
from .placement import move, placement
from .preview_layer import PreviewLayer

_SEARCHED = 1 << 27
"""Pixels above which the largest label is remembered and not searched for: below, 0.1 s."""


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
    is_new : bool
        Whether the layer was made here, without labels, and not found.
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
        self.is_new = self.stale = False

    def ensure(self) -> Labels:
        """Find or make the layer; a layer of an earlier dock must have the right shape."""
        layers, source = self._viewer.layers, self._image.source
        shape = tuple(source.data.shape[: len(source.layer_axes)])
        layer = self.layer
        if layer is not None and layer in layers and tuple(layer.data.shape) == shape:
            return layer
        image = self._image
        earlier = find_layer(layers, image.key, image.layer.ndim, LABELS, shape)
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
        """Use a layer; `largest` is the largest label inside, None for unknown."""
        self.layer, self._largest, self.is_new = layer, largest, largest == 0
        layer.metadata[ORIGINAL_KEY] = str(layer.unique_id)
        self.replaced.emit(layer)
        return layer

    def take(self, layer: Labels) -> None:
        """Use a Labels layer of the user instead of the present one, which the dock lets go of.

        Parameters
        ----------
        layer : napari.layers.Labels
            In the viewer, with the labels of
            :func:`~napari_sam.plugin.labels.fitted.fitted_labels`.
        """
        before, was_blank, layers = self.layer, self.is_blank, self._viewer.layers
        if before is not None:
            for key in (IMAGE_KEY, ROLE_KEY):  # or a reopened dock would find it first
                before.metadata.pop(key, None)
        layer.metadata.update(labels_metadata(self._image.layer, self._image.source))
        move(layer, placement(self._image.layer))
        preview = self._preview.layer
        if preview is not None and preview in layers:
            layers.move(layers.index(layer), layers.index(preview))
        self._use(layer, largest=None)
        if was_blank and before is not None and before in layers:
            layers.remove(before)

    def _used(self) -> Labels:
        return self.ensure() if self.layer is None else self.layer

    def forget(self, layer: Layer) -> bool:
        """Forget a removed layer; whether the labels were in the layer."""
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

    def plain(self) -> LabelArray:
        """The labels without an axis of channels; changed in place with the layer.

        Returns
        -------
        LabelArray
            ``source.label_shape``, integer.
        """
        data, axis = self._used().data, self._image.source.channel_axis
        return data if axis is None else data[(slice(None),) * axis + (0,)]

    def next_label(self) -> int:
        """Next free label: the largest label plus 1."""
        data = self._used().data
        if data.size > _SEARCHED and self._largest is not None:
            return self._largest + 1
        label = next_free_label(self.plain())
        self._largest = label - 1
        return label

    def note_label(self, label: int) -> None:
        """Remember a painted label as the largest, if larger."""
        if self._largest is not None:
            self._largest = max(self._largest, label)

    def search_again(self) -> None:
        """Search for the largest label anew, after pixels from elsewhere."""
        self._largest = None

    def slice_hidden(self) -> None:
        """Slice a hidden layer: napari does not while it is hidden, and then cannot paint in it."""
        if self.layer is not None and not self.layer.visible:
            self.layer.set_view_slice()

    def paint(self, edit: LabelEdit, in_history: bool) -> None:
        """Paint an edit; with `in_history` through napari's own history."""
        if in_history:
            self.slice_hidden()
            index = to_layer_index(self._image.source, edit.indices())
            values = edit.values()
            one_value = bool((values == values[0]).all())
            self._used().data_setitem(narrow(index), values[0] if one_value else values)
        else:
            edit.apply(self.plain())
        self.note_label(int(edit.new.max()))


def make_labels(image: Image, source: ImageSource) -> Labels:
    """The Labels layer for accepted objects, ``uint32``, over an image.

    Labels have no channels. Where the image has a slider for them, all its positions show the
    same memory, so that an object is there in every channel and is stored once.
    """
    if source.channel_axis is None:
        data = new_labels(source.label_shape)
    else:
        data = over_channels(np.zeros(source.label_shape, np.uint32), source)
    return Labels(data, name=LABELS, metadata=labels_metadata(image, source), **placement(image))


def over_channels(labels: LabelArray, source: ImageSource) -> LabelArray:
    """Labels with the axes of the image's layer: each channel has the same memory.

    Parameters
    ----------
    labels : LabelArray
        ``source.label_shape``; where the image has channels, numpy.
    source : ImageSource
        The image.
    """
    axis = source.channel_axis
    if axis is None:
        return labels
    base = np.asarray(labels)
    shape = tuple(source.data.shape[: len(source.layer_axes)])
    strides = (*base.strides[:axis], 0, *base.strides[axis:])
    shared: LabelArray = np.lib.stride_tricks.as_strided(base, shape, strides)
    return shared


def labels_metadata(image: Image, source: ImageSource) -> dict[str, str]:
    """Metadata by which a Labels layer belongs to the dock and to an image."""
    metadata = {
        IMAGE_KEY: str(image.unique_id),
        ROLE_KEY: LABELS,
        AXES_KEY: source.layer_axes,
    }
    return metadata | ({FILE_KEY: str(image.source.path)} if image.source.path else {})


def to_layer_index(
    source: ImageSource, index: tuple[NDArray[np.intp], ...]
) -> tuple[NDArray[np.intp], ...]:
    """Index arrays for the layer's axes from index arrays without channels."""
    axis = source.channel_axis
    if axis is None:
        return index
    channel = np.full(index[-1].shape, source.channel, np.intp)
    return (*index[:axis], channel, *index[axis:])


def narrow(index: tuple[NDArray[np.intp], ...]) -> tuple[NDArray[np.unsignedinteger], ...]:
    """Index arrays in the smallest integer type, because napari's history keeps all of them.

    Parameters
    ----------
    index : tuple of ndarray
        One ``(N,)`` intp array per axis, at least one index each.

    Returns
    -------
    tuple of ndarray
        One ``(N,)`` array per axis: uint8, uint16, uint32 or uint64.
    """
    return tuple(axis.astype(np.min_scalar_type(int(axis.max()))) for axis in index)
