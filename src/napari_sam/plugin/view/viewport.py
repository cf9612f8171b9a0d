"""Viewport: the visible part of an image; no Qt."""

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

from napari_sam.plugin.image.image_source import ImageSource, nearest_plane
from napari_sam.plugin.worker.tile_order import Viewport

from .view import obstacle


def read_viewport(viewer: ViewerModel, image: Image, source: ImageSource) -> Viewport | None:
    """Read the visible plane and region of an image.

    Parameters
    ----------
    viewer : napari.Viewer
        Has sliders and camera.
    image : napari.layers.Image
        The image.
    source : ImageSource
        The image read into plain values, for the axes.

    Returns
    -------
    Viewport or None
        None in 3D and turned views.
    """
    if obstacle(viewer.dims):
        return None
    plane = nearest_plane(source.to_plane(image.world_to_data(viewer.dims.point)), source)
    height, width = source.plane_size
    corners = np.array(image.corner_pixels, float)[:, -2:]
    if image.multiscale:
        corners *= image.downsample_factors[image.data_level][-2:]
    if not corners.any():  # it was not drawn yet
        return Viewport(plane, (0, 0, height, width))
    (y0, x0), (y1, x1) = corners.astype(int)
    y0, x0 = min(max(y0, 0), height - 1), min(max(x0, 0), width - 1)
    y1, x1 = min(max(y1, y0) + 1, height), min(max(x1, x0) + 1, width)
    return Viewport(plane, (int(y0), int(x0), int(y1), int(x1)))


def shown_by(viewer: ViewerModel) -> tuple[object, ...]:
    """Key of sliders and camera: equal as long as the view has not moved."""
    camera, dims = viewer.scene.camera, viewer.dims
    return (
        tuple(float(dims.point[axis]) for axis in dims.not_displayed),
        (dims.ndisplay, tuple(dims.order)),
        (tuple(map(float, camera.center)), float(camera.zoom)),
    )
