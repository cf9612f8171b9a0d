"""Placement: the transform of the dock's layers, equal to the image's."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Layer
from napari.utils.transforms import Affine
from numpy.typing import NDArray


def placement(image: Image) -> dict[str, Any]:
    """Keywords to make a layer exactly over an Image layer."""
    return {
        "scale": np.array(image.scale),
        "translate": np.array(image.translate),
        "rotate": np.array(image.rotate),
        "shear": np.array(image.shear),
        "affine": np.array(image.affine.affine_matrix),
        "units": tuple(image.units),
        "axis_labels": tuple(image.axis_labels),
    }


def move(layer: Layer, place: Mapping[str, Any]) -> None:
    """Move a layer; equal values are not set, for napari would draw the layer again.

    Parameters
    ----------
    layer : napari.layers.Layer
        The layer.
    place : mapping
        Keywords from :func:`placement`.
    """
    for name, value in place.items():
        current = layer.affine.affine_matrix if name == "affine" else getattr(layer, name)
        same = current == value if isinstance(value, tuple) else np.array_equal(current, value)
        if not same:
            setattr(layer, name, value)


def translate_of(image: Image, start: Sequence[int]) -> NDArray[np.float64]:
    """``translate`` to put a layer's first pixel on pixel `start` of the image."""
    to_world = Affine(
        scale=np.array(image.scale),
        translate=np.array(image.translate),
        rotate=np.array(image.rotate),
        shear=np.array(image.shear),
    )
    return np.asarray(to_world(np.asarray(start, float)))
