"""Contour width: data pixels of an outline that is some pixels wide on the screen; no Qt."""

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

_WIDEST = 64
"""Data pixels of a contour at most: napari draws wide ones slowly."""


def contour_width(viewer: ViewerModel, image: Image, pixels: float) -> int:
    """Width of a contour for :attr:`napari.layers.Labels.contour`, in data pixels.

    Parameters
    ----------
    viewer : napari.Viewer
        Has the zoom.
    image : napari.layers.Image
        Has the size of a data pixel.
    pixels : float
        Width on the screen; one data pixel, where that is wider.
    """
    scale = float(np.abs(np.asarray(image.scale)[-2:]).max())
    on_screen = viewer.scene.camera.zoom * scale
    return int(np.clip(round(pixels / max(on_screen, 1e-9)), 1, _WIDEST))
