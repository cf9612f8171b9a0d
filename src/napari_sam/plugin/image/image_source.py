"""ImageSource: an Image layer read into plain values for a Session; no Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

import numpy as np
from napari.components import LayerList
from napari.layers import Image

from napari_sam.errors import ImageError
from napari_sam.image.axis_names import axis_letter
from napari_sam.image.calibration import Calibration
from napari_sam.image.contrast.coarse import coarse_level
from napari_sam.image.intensity import RGB
from napari_sam.image.physical_size import layer_calibration
from napari_sam.image.volume import Plane

_USUAL = {2: "YX", 3: "ZYX", 4: "TZYX", 5: "TCZYX"}


def axis_letters(ndim: int, names: Sequence[str]) -> str:
    """Letters out of TCZYX, for all axes.

    Parameters
    ----------
    ndim : int
        Number of axes, colours not counted.
    names : sequence of str
        The layer's axis labels; used if all labels are known names and the last are y, x.

    Returns
    -------
    str
        For example ``"ZYX"``.

    Raises
    ------
    ImageError
        If the axes do not all have known names and are too few or too many to guess.
    """
    letters = [axis_letter(name) for name in names]
    is_known = set(letters) <= set("TCZYX") and len(set(letters)) == len(letters) == ndim
    if is_known and letters[-2:] == ["Y", "X"]:
        return "".join(letters)
    if ndim not in _USUAL:
        raise ImageError(
            f"an image layer of {ndim} dimensions cannot be segmented: "
            "split or crop it to at most t, c, z, y, x"
        )
    return _USUAL[ndim]


Contrast = Literal["auto"] | tuple[float, float]
"""Contrast for the model: limits, or ``"auto"`` for limits from the whole image."""


@dataclass(frozen=True, slots=True, eq=False)
class OtherImage:
    """Another Image layer, shown to the model together with the segmented image.

    Parameters
    ----------
    data : array-like
        As large as the image's.
    contrast : "auto" or (low, high)
        Values to be drawn from 0 to 255.
    colour : RGB
        Colour of the highest value.
    name : str
        The layer's name.
    """

    data: Any
    contrast: Contrast
    colour: RGB
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class ImageSource:
    """Array, axes and look of an Image layer at some moment, without any napari object.

    Parameters
    ----------
    data : array-like
        The full resolution level; not read here.
    axes : str
        Letters of all its dimensions, colours included.
    channel : int
        The visible channel, for images with a slider for channels.
    contrast : "auto" or (low, high)
        Values to be drawn from 0 to 255 for the model.
    calibration : Calibration
        Of `axes` without C: of the image's labels.
    name : str
        The layer's name.
    channels : tuple of int
        All channels for the model, for images with a slider for channels.
    others : tuple of OtherImage
        Images shown to the model together with this image.
    colour : RGB
        Colour of this image among `others`; alone, the image is grey.
    file : str
        Path of the file; empty if the layer is not named after the file, as channels of a file
        are not, and for images without a file.
    coarse : array-like, optional
        A coarser level of the layer's pyramid, which tells automatic contrast where the image is
        empty.
    """

    data: Any
    axes: str
    channel: int
    contrast: Contrast
    calibration: Calibration
    name: str
    channels: tuple[int, ...] = ()
    others: tuple[OtherImage, ...] = ()
    colour: RGB = (1.0, 1.0, 1.0)
    file: str = ""
    coarse: Any = None

    @property
    def identity(self) -> str:
        """Name of the image in the embedding cache, shared with the command line."""
        return self.file or self.name

    @property
    def is_rgb(self) -> bool:
        """Whether the last axis holds red, green and blue."""
        return self.axes.endswith("C")

    @property
    def layer_axes(self) -> str:
        """Letters of the axes of the layer: all axes but colours."""
        return self.axes[:-1] if self.is_rgb else self.axes

    @property
    def channel_axis(self) -> int | None:
        """Place of the channel slider in `layer_axes`; None without channels."""
        position = self.layer_axes.find("C")
        return None if position < 0 else position

    @property
    def plane_size(self) -> tuple[int, int]:
        """Height and width in data pixels."""
        start = len(self.layer_axes) - 2
        height, width = self.data.shape[start : start + 2]
        return int(height), int(width)

    @property
    def plane_shape(self) -> tuple[int, ...]:
        """Number of planes along each axis, without channels, y and x."""
        leading = self.data.shape[: len(self.layer_axes) - 2]
        return tuple(int(n) for i, n in enumerate(leading) if i != self.channel_axis)

    @property
    def plane_axes(self) -> str:
        """Letters of the axes of `plane_shape`."""
        return self.layer_axes[:-2].replace("C", "")

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Shape of labels, without channels."""
        return *self.plane_shape, *self.plane_size

    @property
    def label_axes(self) -> str:
        """Letters of the axes of labels, without channels."""
        return self.calibration.axes

    @property
    def stack_axes(self) -> str:
        """Letters of the axes with several planes, z first."""
        long = [a for a, n in zip(self.plane_axes, self.plane_shape, strict=True) if n > 1]
        return "".join(sorted(long, key="ZT".index))

    def same_view(self, other: "ImageSource | None") -> bool:
        """Whether a model sees the same in both sources."""
        return other is not None and self.same_arrays(other) and other.appearance == self.appearance

    def same_arrays(self, other: "ImageSource") -> bool:
        """Whether both sources are of the same arrays, with any look."""
        return all(a is b for a, b in zip_longest(self._arrays, other._arrays))

    @property
    def _arrays(self) -> tuple[Any, ...]:
        return self.data, *(other.data for other in self.others)

    @property
    def appearance(self) -> tuple[object, ...]:
        """Key of the axes, channels, contrast and colours: equal if a model sees the same."""
        overlays = tuple((other.contrast, other.colour, other.name) for other in self.others)
        colour = self.colour if overlays else None
        channels = self.channels or (self.channel,)
        return self.axes, channels, self.contrast, self.name, colour, overlays

    def to_leading(self, plane: Sequence[int]) -> tuple[int, ...]:
        """Index of a plane in the layer's axes, with the visible channel."""
        axis = self.channel_axis
        return tuple(plane) if axis is None else (*plane[:axis], self.channel, *plane[axis:])

    def to_plane(self, position: Sequence[float]) -> tuple[int, ...]:
        """Index of the plane of a position in the layer's data, without channels."""
        leading = np.floor(np.asarray(position, float)[:-2] + 0.5).astype(int)
        return tuple(int(v) for i, v in enumerate(leading) if i != self.channel_axis)


def nearest_plane(plane: Sequence[int], source: ImageSource) -> Plane:
    """Plane of an image nearest to one that may lie outside, where sliders reach further."""
    limits = zip(plane, source.plane_shape, strict=True)
    return tuple(min(max(index, 0), length - 1) for index, length in limits)


def image_layers(layers: LayerList) -> list[Image]:
    """The Image layers of a layer list, the topmost first."""
    return [layer for layer in reversed(list(layers)) if isinstance(layer, Image)]


def read_image_layer(layer: Image, world: Sequence[float], auto_contrast: bool) -> ImageSource:
    """Read the array, axes, contrast and placement of an Image layer for a Session.

    Parameters
    ----------
    layer : napari.layers.Image
        Single or multiscale, grey, RGB, or with a slider for channels.
    world : sequence of float
        Position of the viewer's sliders, for the visible channel.
    auto_contrast : bool
        Whether the model chooses the contrast, and not the layer's limits.

    Returns
    -------
    ImageSource

    Raises
    ------
    ImageError
        If the layer has too many dimensions.
    """
    levels = layer.data if layer.multiscale else [layer.data]
    data = levels[0]
    letters = axis_letters(layer.ndim, layer.axis_labels)
    if layer.rgb and "C" in letters:
        raise ImageError(f"{layer.name} has colours and a channel axis: split its channels")
    without_channels = [i for i, axis in enumerate(letters) if axis != "C"]
    channel = 0
    if "C" in letters:
        position = letters.index("C")
        position_shown = np.floor(np.asarray(layer.world_to_data(world))[position] + 0.5)
        channel = int(np.clip(position_shown, 0, data.shape[position] - 1))
    axes = letters + ("C" if layer.rgb else "")
    return ImageSource(
        data=data,
        axes=axes,
        channel=channel,
        contrast="auto" if auto_contrast else shown_contrast(layer, data),
        calibration=layer_calibration(
            "".join(letters[i] for i in without_channels),
            scale=[float(layer.scale[i]) for i in without_channels],
            translate=[float(layer.translate[i]) for i in without_channels],
            units=[layer.units[i] for i in without_channels],
        ),
        name=layer.name,
        file=file_of(layer),
        coarse=coarse_level(levels, axes),
    )


def file_of(layer: Image) -> str:
    """Path of the file of an Image layer named like the file; empty for other names."""
    path = str(layer.source.path or "")
    return path if layer.name in (Path(path).name, Path(path).stem) else ""


def shown_contrast(layer: Image, data: Any) -> tuple[float, float]:
    """Contrast limits of an Image layer on the screen."""
    if not layer.rgb:
        low, high = layer.contrast_limits
        return float(low), float(high)
    # napari draws colours over the whole range of their type, whatever the limits say.
    dtype = np.dtype(data.dtype)
    return (0.0, float(np.iinfo(dtype).max)) if dtype.kind in "ui" else (0.0, 1.0)
