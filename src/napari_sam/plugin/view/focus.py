"""Focus: moves sliders and camera to a plane or an object; no Qt."""

from napari.components import ViewerModel
from napari.layers import Image

from napari_sam.image.volume import Plane
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.tiles.bbox import BBox

from .viewport import read_viewport

_SMALL, _LARGE = 1 / 12, 2 / 3
"""Shares of the view below and above which an object cannot be judged, and the view zooms."""

_JUST_RIGHT = 1 / 5
"""Share of the view for an object after a zoom: large enough, with neighbours around."""


def show_plane(viewer: ViewerModel, image: Image, source: ImageSource, plane: Plane) -> None:
    """Move the sliders to a plane; the slider of channels stays."""
    axes = [i for i, letter in enumerate(source.layer_axes[:-2]) if letter != "C"]
    index = list(image.world_to_data(viewer.dims.point))
    for axis, position in zip(axes, plane, strict=True):
        index[axis] = position
    world = image.data_to_world(index)
    first = viewer.dims.ndim - image.ndim  # napari aligns the last axes
    for axis in axes:
        viewer.dims.set_point(first + axis, world[axis])


def show_object(
    viewer: ViewerModel, image: Image, source: ImageSource, plane: Plane, bbox: BBox
) -> None:
    """Centre the view on an object; zoom only for very small or large objects.

    Parameters
    ----------
    viewer : napari.Viewer
        Its sliders and its camera move.
    image : napari.layers.Image
        The image.
    source : ImageSource
        The image read into plain values, for the axes.
    plane : tuple of int
        Of the object.
    bbox : tuple of int
        ``(y0, x0, y1, x1)`` of the object, data pixels.
    """
    view = read_viewport(viewer, image, source)
    if view is None:
        return
    show_plane(viewer, image, source, plane)
    camera = viewer.scene.camera
    camera.zoom *= _magnified(bbox, view.bbox)
    middle = [(bbox[i] + bbox[i + 2] - 1) / 2 for i in (0, 1)]
    index = [*image.world_to_data(viewer.dims.point)[:-2], *middle]
    camera.center = (camera.center[0], *map(float, image.data_to_world(index)[-2:]))


def _magnified(bbox: BBox, view: BBox) -> float:
    """Factor of zoom to bring an object to a fifth of the view."""
    share = max((bbox[i + 2] - bbox[i]) / (view[i + 2] - view[i]) for i in (0, 1))
    return 1.0 if _SMALL <= share <= _LARGE or not share else _JUST_RIGHT / share
