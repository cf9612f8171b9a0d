"""Placement: where a layer of the dock lies in the world, over its image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
