"""PromptLayers: the Points and Shapes layers with the prompts of one image."""

from typing import Any

import numpy as np
from napari.layers import Points, Shapes
from napari.utils.colormaps.standardize_color import transform_color

from .conventions import (
    BACKGROUND,
    BOX_COLOUR,
    COLOURS,
    FOREGROUND,
    IMAGE_KEY,
    LABEL,
    OBJECT,
    ROLE_KEY,
    SCRIBBLES,
    SYMBOLS,
)
from .placement import placement


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
