"""Layers: what napari's layers mean to a Session, and back; no Qt."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Points, Shapes
from numpy.typing import NDArray

from napari_sam.errors import ImageError
from napari_sam.labels.canvas import new_labels
from napari_sam.masks.mask import Mask

AXES_KEY = "napari-sam-axes"
"""Where a layer's metadata keeps the letters of its axes."""

IMAGE_KEY = "napari-sam-image"
"""Where a layer's metadata keeps which image it belongs to."""

FOREGROUND, BACKGROUND = "foreground", "background"
# Okabe and Ito's bluish green and vermillion: told apart also by red-green blind eyes, and the
# symbols differ besides.
COLOURS = {FOREGROUND: "#009e73", BACKGROUND: "#d55e00"}
SYMBOLS = {FOREGROUND: "disc", BACKGROUND: "x"}
PREVIEW_COLOUR = "#ffe600"
BOX_COLOUR = "#f0e442"

JOURNAL_KEY = "napari-sam-journal"
"""Where a Labels layer's metadata keeps the path of its journal."""

_LETTERS = {
    **dict.fromkeys(("t", "time", "frame", "frames"), "T"),
    **dict.fromkeys(("c", "ch", "channel", "channels"), "C"),
    **dict.fromkeys(("z", "slice", "depth", "plane"), "Z"),
    "y": "Y",
    "x": "X",
}
_USUAL = {2: "YX", 3: "ZYX", 4: "TZYX", 5: "TCZYX"}


def axis_letters(ndim: int, names: Sequence[str]) -> str:
    """One letter of TCZYX for each axis.

    Parameters
    ----------
    ndim : int
        Number of axes, colours not counted.
    names : sequence of str
        The layer's axis labels; used if all of them are known and they end with y, x.

    Returns
    -------
    str
        For example ``"ZYX"``.

    Raises
    ------
    ImageError
        If the axes have no known names and are too few or too many to guess.
    """
    letters = "".join(_LETTERS.get(name.strip().lower(), "?") for name in names)
    known = "?" not in letters and len(set(letters)) == len(letters) == ndim
    if known and letters.endswith("YX"):
        return letters
    if ndim not in _USUAL:
        raise ImageError(
            f"an image layer of {ndim} dimensions cannot be segmented: "
            "split or crop it to at most t, c, z, y, x"
        )
    return _USUAL[ndim]


@dataclass(frozen=True, slots=True, eq=False)
class ImageSource:
    """An Image layer as it looked at one moment; nothing of napari's is in it.

    Parameters
    ----------
    data : array-like
        The full resolution level; not read here.
    axes : str
        Letters of all its dimensions, colours included.
    channel : int
        Which channel is shown, where the image has a slider for channels.
    contrast : "auto" or (low, high)
        What the model shall see.
    scale, translate, units : tuple
        For each of `axes` without C.
    name : str
        The layer's name.
    """

    data: Any
    axes: str
    channel: int
    contrast: Any
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    name: str

    @property
    def is_rgb(self) -> bool:
        """Whether the last axis is red, green, blue."""
        return self.axes.endswith("C")

    @property
    def layer_axes(self) -> str:
        """Letters of the axes that napari counts: those without colours."""
        return self.axes[:-1] if self.is_rgb else self.axes

    @property
    def channel_axis(self) -> int | None:
        """Which of `layer_axes` is a slider for channels."""
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
        """How many planes there are along each axis without channels, y and x."""
        leading = self.data.shape[: len(self.layer_axes) - 2]
        return tuple(int(n) for i, n in enumerate(leading) if i != self.channel_axis)

    @property
    def plane_axes(self) -> str:
        """Letters of the axes that say which plane."""
        return self.layer_axes[:-2].replace("C", "")

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Shape of labels, which have no channels."""
        return *self.plane_shape, *self.plane_size

    @property
    def label_axes(self) -> str:
        """Letters of the axes of labels, which have no channels."""
        return f"{self.plane_axes}YX"

    @property
    def stack_axes(self) -> str:
        """Letters of the axes along which there is more than one plane, z first."""
        long = [a for a, n in zip(self.plane_axes, self.plane_shape, strict=True) if n > 1]
        return "".join(sorted(long, key="ZT".index))

    def same_view(self, other: "ImageSource | None") -> bool:
        """Whether a model sees the same in both."""
        return (
            other is not None
            and other.data is self.data
            and (other.axes, other.channel, other.contrast, other.name)
            == (self.axes, self.channel, self.contrast, self.name)
        )

    def to_plane(self, position: Sequence[float]) -> tuple[int, ...]:
        """Index of the plane that a position in the layer's data lies in, channels left out."""
        leading = np.floor(np.asarray(position, float)[:-2] + 0.5).astype(int)
        return tuple(int(v) for i, v in enumerate(leading) if i != self.channel_axis)


def image_layers(layers: Any) -> list[Any]:
    """The Image layers of a layer list, the topmost first."""
    return [layer for layer in reversed(list(layers)) if isinstance(layer, Image)]


def read_image_layer(layer: Any, world: Sequence[float], auto_contrast: bool) -> ImageSource:
    """What a Session needs of an Image layer.

    Parameters
    ----------
    layer : napari.layers.Image
        Single or multiscale, grey, RGB, or with a slider for channels.
    world : sequence of float
        Position of the viewer's sliders: says which channel is shown.
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
    data = layer.data[0] if layer.multiscale else layer.data
    letters = axis_letters(layer.ndim, layer.axis_labels)
    if layer.rgb and "C" in letters:
        raise ImageError(f"{layer.name} has colours and a channel axis: split its channels")
    kept = [i for i, axis in enumerate(letters) if axis != "C"]
    channel = 0
    if "C" in letters:
        position = letters.index("C")
        shown = np.floor(np.asarray(layer.world_to_data(world))[position] + 0.5)
        channel = int(np.clip(shown, 0, data.shape[position] - 1))
    return ImageSource(
        data=data,
        axes=letters + ("C" if layer.rgb else ""),
        channel=channel,
        contrast="auto" if auto_contrast else _shown_contrast(layer, data),
        scale=tuple(float(layer.scale[i]) for i in kept),
        translate=tuple(float(layer.translate[i]) for i in kept),
        units=tuple(str(layer.units[i]) for i in kept),
        name=layer.name,
    )


def _shown_contrast(layer: Any, data: Any) -> tuple[float, float]:
    if not layer.rgb:
        low, high = layer.contrast_limits
        return float(low), float(high)
    # napari draws colours over the whole range of their type, whatever the limits say.
    dtype = np.dtype(data.dtype)
    return (0.0, float(np.iinfo(dtype).max)) if dtype.kind in "ui" else (0.0, 1.0)


# --- making layers ---------------------------------------------------------------------------


def placement(image: Any) -> dict[str, Any]:
    """Keywords that put a layer where an Image layer is."""
    return {
        "scale": np.array(image.scale),
        "translate": np.array(image.translate),
        "rotate": np.array(image.rotate),
        "shear": np.array(image.shear),
        "affine": np.array(image.affine.affine_matrix),
        "units": tuple(image.units),
        "axis_labels": tuple(image.axis_labels),
    }


def make_points(image: Any) -> Points:
    """An empty Points layer for clicks, where the image is."""
    layer = Points(
        ndim=image.ndim,
        name="SAM points",
        features={"label": np.array([], dtype=object)},
        feature_defaults={"label": FOREGROUND},
        face_color="label",
        face_color_cycle=COLOURS,
        # The border grows with the zoom, over the symbol, whose size on the screen is kept: it
        # must have the same colour.
        border_color="label",
        border_color_cycle=COLOURS,
        symbol=SYMBOLS[FOREGROUND],
        size=10,
        canvas_size_limits=(14, 16),
        metadata={IMAGE_KEY: str(image.unique_id)},
        **placement(image),
    )
    layer.current_symbol = SYMBOLS[FOREGROUND]
    return layer


def make_shapes(image: Any, plane_size: tuple[int, int]) -> Shapes:
    """An empty Shapes layer for boxes and outlines, where the image is."""
    return Shapes(
        ndim=image.ndim,
        name="SAM boxes",
        face_color="transparent",
        edge_color=BOX_COLOUR,
        edge_width=max(1.0, max(plane_size) / 400),
        metadata={IMAGE_KEY: str(image.unique_id)},
        **placement(image),
    )


def make_preview(image: Any) -> Labels:
    """A Labels layer that shows one object before it is accepted."""
    return Labels(
        np.zeros((1,) * image.ndim, np.uint8),
        name="SAM preview",
        opacity=0.5,
        colormap={0: "transparent", 1: PREVIEW_COLOUR, None: "transparent"},
        metadata={IMAGE_KEY: str(image.unique_id)},
        **placement(image),
    )


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
        metadata={IMAGE_KEY: str(image.unique_id), AXES_KEY: source.layer_axes},
        **placement(image),
    )


# --- masks to layers -------------------------------------------------------------------------


def to_layer_index(
    source: ImageSource, index: tuple[NDArray[np.intp], ...]
) -> tuple[NDArray[np.intp], ...]:
    """Index arrays of the labels' axes, with the shown channel put in where the layer has it."""
    axis = source.channel_axis
    if axis is None:
        return index
    channel = np.full(index[-1].shape, source.channel, np.intp)
    return (*index[:axis], channel, *index[axis:])


@dataclass(frozen=True, slots=True, eq=False)
class MaskStack:
    """Masks of one object as an array of 0 and 1, ``uint8``, made where it is looked at.

    So an object of a thousand slices costs no more to show than one of two.

    Parameters
    ----------
    masks : mapping of tuple of int to Mask
        By plane.
    start : tuple of int
        The plane, row and column where the array begins; channels left out.
    shape : tuple of int
        Of the array, channels included.
    channel_axis : int, optional
        An axis along which all is the same.
    """

    masks: Mapping[tuple[int, ...], Mask]
    start: tuple[int, ...]
    shape: tuple[int, ...]
    channel_axis: int | None = None

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Type of the values."""
        return np.dtype(np.uint8)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        """As of an array."""
        index = index if isinstance(index, tuple) else (index,)
        leading, within = index[: self.ndim - 2], index[self.ndim - 2 :]
        if len(leading) == self.ndim - 2 and all(isinstance(i, int | np.integer) for i in leading):
            return self._plane(tuple(map(int, leading)))[within]
        return np.asarray(self)[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        """All of it."""
        planes = [self._plane(index) for index in np.ndindex(self.shape[:-2])]
        return np.stack(planes).reshape(self.shape).astype(dtype or np.uint8)

    def _plane(self, index: tuple[int, ...]) -> NDArray[np.uint8]:
        kept = [i for axis, i in enumerate(index) if axis != self.channel_axis]
        plane = tuple(i + low for i, low in zip(kept, self.start, strict=False))
        pixels = np.zeros(self.shape[-2:], np.uint8)
        if (mask := self.masks.get(plane)) is not None:
            y0, x0, y1, x1 = (v - self.start[-2 + i % 2] for i, v in enumerate(mask.bbox))
            pixels[y0:y1, x0:x1] = mask.pixels
        return pixels


def preview_data(source: ImageSource, masks: Sequence[Mask]) -> tuple[MaskStack, tuple[int, ...]]:
    """The smallest array that shows some masks, and where it begins.

    Parameters
    ----------
    source : ImageSource
        The image.
    masks : sequence of Mask
        Of one object, at most one a plane; at least one of them not empty.

    Returns
    -------
    MaskStack, tuple of int
        ``(*planes, h, w)``, 1 inside, in the layer's axes; index of its first pixel.
    """
    full = [mask.tight() for mask in masks if not mask.empty]
    lows = np.min([(*m.plane, m.bbox[0], m.bbox[1]) for m in full], axis=0)
    highs = np.max([(*(p + 1 for p in m.plane), m.bbox[2], m.bbox[3]) for m in full], axis=0)
    start = tuple(int(v) for v in lows)
    shape = tuple(int(v) for v in highs - lows)
    by_plane = {mask.plane: mask for mask in full}
    if (axis := source.channel_axis) is None:
        return MaskStack(by_plane, start, shape), start
    shape = (*shape[:axis], source.data.shape[axis], *shape[axis:])
    return MaskStack(by_plane, start, shape, axis), (*start[:axis], 0, *start[axis:])


def translate_of(image: Any, start: Sequence[int]) -> NDArray[np.float64]:
    """The ``translate`` of a layer whose first pixel lies on pixel `start` of the image."""
    from napari.utils.transforms import Affine

    own = Affine(
        scale=np.array(image.scale),
        translate=np.array(image.translate),
        rotate=np.array(image.rotate),
        shear=np.array(image.shear),
    )
    return np.asarray(own(np.asarray(start, float)))
