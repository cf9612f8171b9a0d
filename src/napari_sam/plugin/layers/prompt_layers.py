"""PromptLayers: the Points and Shapes layers with the prompts of an image; no Qt."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer, Points, Shapes
from napari.utils.colormaps.standardize_color import transform_color

from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.current_image import CurrentImage

from .conventions import (
    BACKGROUND,
    BOX_COLOUR,
    COLOURS,
    FOREGROUND,
    IMAGE_KEY,
    LABEL,
    OBJECT,
    POINTS,
    ROLE_KEY,
    SCRIBBLES,
    SHAPES,
    SYMBOLS,
    find_layer,
)
from .placement import placement
from .preview_layer import PreviewLayer
from .read_prompts import object_numbers

_CLICK_SHARE = 0.35
"""Diameter of a click as a share of that of the smallest object under way."""

_CLICK_SIZES = (5, 12)
"""Smallest and largest diameter of a click, screen pixels."""

_SAME_SIZE = 0.1
"""Change of the diameter, as a share, up to which clicks are not drawn again."""


class PromptLayers:
    """Clicks in a Points layer; boxes, outlines and scribbles in a Shapes layer above the preview.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the layers.
    image : CurrentImage
        The image under them.
    preview : PreviewLayer
        Is made before them, to lie below.
    adopt : callable
        Called with each layer that is made, or found from an earlier dock: connects its events and
        keys.

    Attributes
    ----------
    points : napari.layers.Points or None
        None after the user has removed the layer.
    shapes : napari.layers.Shapes or None
        None after the user has removed the layer.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        image: CurrentImage,
        preview: PreviewLayer,
        adopt: Callable[[Layer], None],
    ) -> None:
        self._viewer, self._image, self._preview, self._adopt = viewer, image, preview, adopt
        self.points: Points | None = None
        self.shapes: Shapes | None = None

    # --- the layers --------------------------------------------------------------------------

    def ensure(self) -> None:
        """Make missing layers, the preview too; the active layer stays active."""
        active = self._viewer.layers.selection.active
        self._preview.ensure()
        image, size = self._image.layer, self._image.source.plane_size
        self.shapes = self._ensured(self.shapes, SHAPES, lambda: make_shapes(image, size))
        self.points = self._ensured(self.points, POINTS, lambda: make_points(image))
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active

    def _ensured(self, layer: Any, role: str, make: Callable[[], Any]) -> Any:
        layers = self._viewer.layers
        if layer is not None and layer in layers:
            return layer
        image = self._image
        layer = find_layer(layers, image.key, image.layer.ndim, role)
        layer = layer or self._viewer.add_layer(make())
        self._adopt(layer)
        return layer

    @property
    def layers(self) -> list[Layer]:
        """Points and Shapes layer, as far as not removed."""
        return [layer for layer in (self.points, self.shapes) if layer is not None]

    def forget(self, layer: Layer) -> None:
        """Forget a removed layer."""
        if layer == self.points:
            self.points = None
        if layer == self.shapes:
            self.shapes = None

    # --- prompts -----------------------------------------------------------------------------

    def clear(self) -> None:
        """Remove all clicks and shapes."""
        if self.points is not None and len(self.points.data):
            self.points.data = np.zeros((0, self._image.layer.ndim))
        if self.shapes is not None and len(self.shapes.data):
            self.shapes.data = []
            complete_features(self.shapes)

    def remove(self, points: Iterable[int], shapes: Iterable[int]) -> None:
        """Remove clicks and shapes by index."""
        if (doomed := sorted(points)) and self.points is not None:
            self.points.remove(doomed)
        for index in sorted(shapes, reverse=True):
            if self.shapes is not None:
                self.shapes.pop(index)

    def remove_objects(self, numbers: Set[int]) -> None:
        """Remove the clicks and shapes of objects by number."""
        points, shapes = (
            [index for index, number in enumerate(object_numbers(layer)) if number in numbers]
            for layer in (self.points, self.shapes)
        )
        self.remove(points, shapes)

    def fit_clicks(self, objects: Mapping[int, Sequence[Mask]]) -> None:
        """Draw clicks smaller than the smallest object under way; without one, as they are.

        Parameters
        ----------
        objects : mapping of int to sequence of Mask
            Masks of each object by its number.
        """
        largest = [max((mask.area for mask in masks), default=0) for masks in objects.values()]
        areas = [area for area in largest if area]
        if self.points is None or not areas:
            return
        size = _CLICK_SHARE * 2 * math.sqrt(min(areas) / math.pi)
        if abs(self.points.current_size - size) > _SAME_SIZE * size:
            self.points.size = size
            self.points.current_size = size

    # --- the next prompt ---------------------------------------------------------------------

    def set_object(self, number: int) -> None:
        """Let the next clicks and shapes belong to an object."""
        for layer in self.layers:
            complete_features(layer)
            layer.feature_defaults = {**_defaults(layer), OBJECT: number}

    def set_polarity(self, label: str) -> None:
        """Make the next clicks object or background clicks."""
        if self.points is not None:
            _set_label(self.points, label)
            self.points.current_symbol = SYMBOLS[label]

    def set_scribble(self, label: str) -> None:
        """Make the next scribbles object or background scribbles."""
        if self.shapes is not None:
            _set_label(self.shapes, label)
            self.shapes.current_edge_color = COLOURS[label]

    def set_box(self) -> None:
        """Make the next shapes boxes."""
        if self.shapes is not None:
            self.set_scribble(FOREGROUND)
            self.shapes.current_edge_color = BOX_COLOUR

    @property
    def polarity(self) -> str:
        """``"foreground"`` or ``"background"``, of the next click."""
        return FOREGROUND if self.points is None else polarity_of(self.points)

    @property
    def scribble_polarity(self) -> str:
        """``"foreground"`` or ``"background"``, of the next scribble."""
        return FOREGROUND if self.shapes is None else polarity_of(self.shapes)

    def show_colours(self) -> None:
        """Colour clicks and scribbles by object and background."""
        if self.points is not None:
            if self.points.mode == "add":  # napari's mark of the selection would cover them
                self.points.selected_data = set()
            mark_clicks(self.points)
        if self.shapes is not None:
            complete_features(self.shapes)
            colour_shapes(self.shapes)


def make_points(image: Image) -> Points:
    """An empty Points layer for clicks, over an image."""
    layer = Points(
        ndim=image.ndim,
        name=POINTS,
        features={LABEL: np.array([], dtype=object), OBJECT: np.array([], dtype=int)},
        feature_defaults={LABEL: FOREGROUND, OBJECT: 1},
        face_color=LABEL,
        face_color_cycle=COLOURS,
        # The border grows with the zoom, over the symbol, whose size on the screen is kept: it
        # must have the same colour.
        border_color=LABEL,
        border_color_cycle=COLOURS,
        symbol=SYMBOLS[FOREGROUND],
        size=_CLICK_SIZES[1],
        canvas_size_limits=_CLICK_SIZES,
        metadata={IMAGE_KEY: str(image.unique_id), ROLE_KEY: POINTS},
        **placement(image),
    )
    layer.current_symbol = SYMBOLS[FOREGROUND]
    return layer


def make_shapes(image: Image, plane_size: tuple[int, int]) -> Shapes:
    """An empty Shapes layer for boxes, outlines and scribbles, over an image."""
    return Shapes(
        ndim=image.ndim,
        name=SHAPES,
        features={LABEL: np.array([], dtype=object), OBJECT: np.array([], dtype=int)},
        feature_defaults={LABEL: FOREGROUND, OBJECT: 1},
        face_color="transparent",
        edge_color=BOX_COLOUR,
        edge_width=max(1.0, max(plane_size) / 400),
        metadata={IMAGE_KEY: str(image.unique_id), ROLE_KEY: SHAPES},
        **placement(image),
    )


def complete_features(layer: Points | Shapes) -> None:
    """Add missing features to a prompt layer of an earlier version or of the user."""
    count = len(layer.data)
    if len(layer.features) > count:  # napari keeps them when it removes an unfinished shape
        defaults = layer.feature_defaults
        layer.features = layer.features.iloc[:count]
        layer.feature_defaults = defaults
    for name, value in ((LABEL, FOREGROUND), (OBJECT, 1)):
        if name not in layer.features:
            layer.features = {**layer.features, name: [value] * len(layer.data)}
            layer.feature_defaults = {**layer.feature_defaults.iloc[0], name: value}


def polarity_of(layer: Points | Shapes) -> str:
    """``"foreground"`` or ``"background"``, of the next click or scribble in a prompt layer."""
    defaults = layer.feature_defaults
    background = LABEL in defaults and defaults[LABEL].iloc[0] == BACKGROUND
    return BACKGROUND if background else FOREGROUND


def mark_clicks(layer: Points) -> None:
    """Give object and background clicks different symbols; napari does the colours."""
    labels = layer.features[LABEL] if LABEL in layer.features else [FOREGROUND] * len(layer.data)
    symbols = [SYMBOLS.get(label, SYMBOLS[FOREGROUND]) for label in labels]
    if symbols != [str(symbol) for symbol in layer.symbol]:
        layer.symbol = symbols


def colour_shapes(layer: Shapes) -> None:
    """Give scribbles the colours of clicks, and all other shapes the colour of boxes."""
    labels = layer.features[LABEL] if LABEL in layer.features else [FOREGROUND] * layer.nshapes
    colours = [
        COLOURS.get(label, COLOURS[FOREGROUND]) if kind in SCRIBBLES else BOX_COLOUR
        for kind, label in zip(layer.shape_type, labels, strict=True)
    ]
    if colours and not np.allclose(transform_color(colours), layer.edge_color):
        layer.edge_color = colours


def _set_label(layer: Points | Shapes, label: str) -> None:
    complete_features(layer)
    layer.selected_data = set()
    layer.feature_defaults = {**_defaults(layer), LABEL: label}


def _defaults(layer: Points | Shapes) -> dict[str, Any]:
    return dict(layer.feature_defaults.iloc[0])
