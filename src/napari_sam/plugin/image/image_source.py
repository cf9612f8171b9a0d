"""Layers: what napari's layers mean to a Session, and back; no Qt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Points, Shapes
from napari.utils.colormaps.standardize_color import transform_color
from numpy.typing import NDArray

from napari_sam.errors import ImageError
from napari_sam.image.intensity import RGB
from napari_sam.labels.canvas import new_labels

AXES_KEY = "napari-sam-axes"
"""Where a layer's metadata keeps the letters of its axes."""

IMAGE_KEY = "napari-sam-image"
"""Where a layer's metadata keeps which image it belongs to."""

ROLE_KEY = "napari-sam-role"
"""Where a layer's metadata keeps what it was made for, whatever it is called now."""

OBJECT = "object"
"""The feature of points and shapes that says which object they belong to: 1, 2, 3, ..."""

LABEL = "label"
"""The feature of points and shapes that says whether they are on the object or the background."""

FOREGROUND, BACKGROUND = "foreground", "background"
# Okabe and Ito's bluish green and vermillion: told apart also by red-green blind eyes, and the
# symbols differ besides.
COLOURS = {FOREGROUND: "#009e73", BACKGROUND: "#d55e00"}
SYMBOLS = {FOREGROUND: "disc", BACKGROUND: "x"}
# The first is seen on every image; the others are Okabe and Ito's.
PREVIEW_COLOURS = ("#ffe600", "#56b4e9", "#cc79a7", "#e69f00", "#8de28d", "#b39ddb", "#f28e8e")
HOVER_COLOURS = ("#ffffff", COLOURS[BACKGROUND])
"""Of what a click would add and take away; none of the objects' own."""

BOX_COLOUR = "#f0e442"
SCRIBBLES = ("line", "path")
"""Types of shapes that are clicks along them."""

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
class OtherImage:
    """Another Image layer that the model sees together with the one that is segmented.

    Parameters
    ----------
    data : array-like
        As large as the image's.
    contrast : "auto" or (low, high)
        What the model shall see.
    colour : RGB
        In which it is drawn.
    name : str
        The layer's name.
    """

    data: Any
    contrast: Any
    colour: RGB
    name: str


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
    channels : tuple of int
        All channels that the model sees, where the image has a slider for them.
    others : tuple of OtherImage
        Images that the model sees as well.
    colour : RGB
        In which this one is drawn then; alone it is grey.
    file : str
        From which napari read it; empty if the layer has another name than the file, as the
        channels of one file have, and images that are in none.
    """

    data: Any
    axes: str
    channel: int
    contrast: Any
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    name: str
    channels: tuple[int, ...] = ()
    others: tuple[OtherImage, ...] = ()
    colour: RGB = (1.0, 1.0, 1.0)
    file: str = ""

    @property
    def identity(self) -> str:
        """Under which its embeddings are kept: the command line knows the same file by it."""
        return self.file or self.name

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
        return other is not None and self.same_arrays(other) and other.appearance == self.appearance

    def same_arrays(self, other: "ImageSource") -> bool:
        """Whether both are the same arrays, whatever they look like."""
        return all(a is b for a, b in zip_longest(self._arrays, other._arrays))

    @property
    def _arrays(self) -> tuple[Any, ...]:
        return self.data, *(other.data for other in self.others)

    @property
    def appearance(self) -> tuple[Any, ...]:
        """What of the arrays a model sees, and how: equal where it sees the same."""
        others = tuple((other.contrast, other.colour, other.name) for other in self.others)
        colour = self.colour if others else None
        seen = self.channels or (self.channel,)
        return self.axes, seen, self.contrast, self.name, colour, others

    def to_leading(self, plane: Sequence[int]) -> tuple[int, ...]:
        """Index of the layer's axes before y and x for a plane: with the channel that is shown."""
        axis = self.channel_axis
        return tuple(plane) if axis is None else (*plane[:axis], self.channel, *plane[axis:])

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
        contrast="auto" if auto_contrast else shown_contrast(layer, data),
        scale=tuple(float(layer.scale[i]) for i in kept),
        translate=tuple(float(layer.translate[i]) for i in kept),
        units=tuple(str(layer.units[i]) for i in kept),
        name=layer.name,
        file=file_of(layer),
    )


def file_of(layer: Any) -> str:
    """The file of an Image layer, if the layer is named after it; otherwise nothing."""
    path = str(layer.source.path or "")
    return path if layer.name in (Path(path).name, Path(path).stem) else ""


def shown_contrast(layer: Any, data: Any) -> tuple[float, float]:
    """The contrast limits at which an Image layer is drawn."""
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


def move(layer: Any, place: Mapping[str, Any]) -> None:
    """Put a layer somewhere; what is right already is left alone, for napari draws all again.

    Parameters
    ----------
    layer : napari.layers.Layer
        The layer.
    place : mapping
        As of :func:`placement`.
    """
    for name, value in place.items():
        own = layer.affine.affine_matrix if name == "affine" else getattr(layer, name)
        same = own == value if isinstance(value, tuple) else np.array_equal(own, value)
        if not same:
            setattr(layer, name, value)


def make_points(image: Any) -> Points:
    """An empty Points layer for clicks, where the image is."""
    layer = Points(
        ndim=image.ndim,
        name="SAM points",
        features={LABEL: np.array([], dtype=object), OBJECT: np.array([], dtype=int)},
        feature_defaults={LABEL: FOREGROUND, OBJECT: 1},
        face_color=LABEL,
        face_color_cycle=COLOURS,
        # The border grows with the zoom, over the symbol, whose size on the screen is kept: it
        # must have the same colour.
        border_color=LABEL,
        border_color_cycle=COLOURS,
        symbol=SYMBOLS[FOREGROUND],
        size=10,
        canvas_size_limits=(14, 16),
        metadata={IMAGE_KEY: str(image.unique_id), ROLE_KEY: "SAM points"},
        **placement(image),
    )
    layer.current_symbol = SYMBOLS[FOREGROUND]
    return layer


def make_shapes(image: Any, plane_size: tuple[int, int]) -> Shapes:
    """An empty Shapes layer for boxes, outlines and scribbles, where the image is."""
    return Shapes(
        ndim=image.ndim,
        name="SAM boxes",
        features={LABEL: np.array([], dtype=object), OBJECT: np.array([], dtype=int)},
        feature_defaults={LABEL: FOREGROUND, OBJECT: 1},
        face_color="transparent",
        edge_color=BOX_COLOUR,
        edge_width=max(1.0, max(plane_size) / 400),
        metadata={IMAGE_KEY: str(image.unique_id), ROLE_KEY: "SAM boxes"},
        **placement(image),
    )


def complete_features(layer: Any) -> None:
    """Give a prompt layer of an earlier version, or of the user, the features that it lacks."""
    count = len(layer.data)
    if len(layer.features) > count:  # napari forgets them where it takes a stub of a shape away
        defaults = layer.feature_defaults
        layer.features = layer.features.iloc[:count]
        layer.feature_defaults = defaults
    for name, value in ((LABEL, FOREGROUND), (OBJECT, 1)):
        if name not in layer.features:
            layer.features = {**layer.features, name: [value] * len(layer.data)}
            layer.feature_defaults = {**layer.feature_defaults.iloc[0], name: value}


def polarity_of(layer: Any) -> str:
    """What the next click or scribble in a prompt layer says."""
    told = LABEL in layer.feature_defaults and layer.feature_defaults[LABEL].iloc[0] == BACKGROUND
    return BACKGROUND if told else FOREGROUND


def mark_clicks(layer: Any) -> None:
    """Give clicks the symbols of what they say; napari colours them by itself."""
    labels = layer.features[LABEL] if LABEL in layer.features else [FOREGROUND] * len(layer.data)
    wanted = [SYMBOLS.get(label, SYMBOLS[FOREGROUND]) for label in labels]
    if wanted != [str(symbol) for symbol in layer.symbol]:
        layer.symbol = wanted


def colour_shapes(layer: Any) -> None:
    """Give scribbles the colours of clicks, and all other shapes that of boxes."""
    labels = layer.features[LABEL] if LABEL in layer.features else [FOREGROUND] * layer.nshapes
    wanted = [
        COLOURS.get(label, COLOURS[FOREGROUND]) if kind in SCRIBBLES else BOX_COLOUR
        for kind, label in zip(layer.shape_type, labels, strict=True)
    ]
    if wanted and not np.allclose(transform_color(wanted), layer.edge_color):
        layer.edge_color = wanted


def make_preview(image: Any) -> Labels:
    """A Labels layer that shows objects before they are accepted."""
    colours: dict[int | None, str] = {0: "transparent", None: "transparent"}
    return Labels(
        np.zeros((1,) * image.ndim, np.uint8),
        name="SAM preview",
        opacity=0.5,
        colormap=colours | dict(enumerate(PREVIEW_COLOURS, 1)),
        metadata={IMAGE_KEY: str(image.unique_id), ROLE_KEY: "SAM preview"},
        **placement(image),
    )


def make_hover(image: Any, data: Any) -> Labels:
    """A faint Labels layer for what a click would add (1) and take away (2)."""
    colours: dict[int | None, str] = {0: "transparent", None: "transparent"}
    return Labels(
        data,
        name="SAM hover",
        opacity=0.35,
        colormap=colours | dict(enumerate(HOVER_COLOURS, 1)),
        **placement(image),
    )


def make_outline(image: Any, data: Any) -> Labels:
    """A Labels layer for the outline of the object (1) that is looked at."""
    colours: dict[int | None, str] = {0: "transparent", None: "transparent"}
    layer = Labels(
        data,
        name="SAM review",
        opacity=1.0,
        colormap=colours | {1: PREVIEW_COLOURS[0]},
        **placement(image),
    )
    layer.contour = 2
    return layer


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
