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

from .conventions import AXES_KEY, IMAGE_KEY, ROLE_KEY, find_layer
from .placement import placement
from .preview_layer import PreviewLayer

_LABELS = "SAM labels"

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
        """Find or make the layer; a layer of an earlier dock must have the right shape."""
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
        """Use a layer; `largest` is the largest label inside, None for unknown."""
        self.layer, self._largest = layer, largest
        self.replaced.emit(layer)
        return layer

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

    def paint(self, edit: LabelEdit, in_history: bool) -> None:
        """Paint an edit; with `in_history` through napari's own history."""
        if in_history:
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
    """Index arrays for the layer's axes from index arrays without channels."""
    axis = source.channel_axis
    if axis is None:
        return index
    channel = np.full(index[-1].shape, source.channel, np.intp)
    return (*index[:axis], channel, *index[axis:])


def narrow(index: tuple[NDArray[np.intp], ...]) -> tuple[NDArray[np.unsignedinteger], ...]:
    """Index arrays in the smallest type that holds them: napari's history keeps every one.

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
