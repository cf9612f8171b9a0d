"""Sight: whether the user sees an image, as a whole and at the place of a click; no Qt."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer

from .image_source import image_layers

_HIDES = 0.5
"""Opacity above which an image hides those below it."""

_ADDED = ("additive", "minimum", "multiplicative")
"""napari's ways of blending that leave an image below visible."""

_SAMPLED = 64
"""Rows and columns of the sample of an alpha channel, about."""

Span = tuple[tuple[float, float], tuple[float, float]]
"""First and last coordinate along y, and along x."""


def is_seen(viewer: ViewerModel, image: Image, beside: Collection[Image] = ()) -> bool:
    """Whether an image is visible, and no other image lies over all of it.

    Parameters
    ----------
    viewer : napari.Viewer
        Has the layers and the sliders.
    image : napari.layers.Image
        The image.
    beside : collection of Image
        Images that the model sees together with it: these hide nothing.
    """
    return image.visible and image.opacity > 0 and not any(covers(viewer, image, beside=beside))


def covers(
    viewer: ViewerModel,
    image: Image,
    world: Sequence[float] | None = None,
    beside: Collection[Image] = (),
) -> Iterator[Image]:
    """Yield the images that hide an image, the topmost first.

    Parameters
    ----------
    viewer, image, beside
        See :func:`is_seen`.
    world : sequence of float, optional
        A position in the world: images that hide the image there; by default those that hide all
        of it.
    """
    if viewer.canvas.grid.enabled:
        return  # each layer has a place of its own
    inside = _span(image) if world is None else tuple((float(v), float(v)) for v in world[-2:])
    for other in image_layers(viewer.layers):
        if other == image:
            return
        if _hides(other) and other not in beside and _on_slice(viewer, other):
            around = _span(other, margin=0.5)
            if all(a <= i and j <= b for (a, b), (i, j) in zip(around, inside, strict=True)):
                yield other


def topmost_seen(viewer: ViewerModel) -> Image | None:
    """The topmost image that is visible; None without one."""
    images = image_layers(viewer.layers)
    return next((image for image in images if is_seen(viewer, image)), None)


def why_unseen(
    viewer: ViewerModel, image: Image, world: Sequence[float], beside: Collection[Image] = ()
) -> str:
    """Reason why a click at a position in the world does not count, as a line for the user.

    Empty if the image is seen there.
    """
    if not image.visible or image.opacity == 0:
        return f"{image.name} is hidden: show it again, or choose another image in the dock."
    cover = next(covers(viewer, image, world, beside), None)
    if cover is None:
        return ""
    return f"{cover.name} lies over {image.name} here: hide it, or choose it in the dock."


def _hides(layer: Image) -> bool:
    """Whether nothing of what lies below can be seen where an image is drawn."""
    is_drawn = layer.visible and layer.opacity > _HIDES and str(layer.blending) not in _ADDED
    return is_drawn and not (layer.rgb and _is_transparent(layer))


def _is_transparent(layer: Image) -> bool:
    """Whether most of a picture of colours is transparent, by a sample of its alpha channel."""
    data = layer.data[-1] if layer.multiscale else layer.data
    if data.shape[-1] < 4:
        return False
    *leading, height, width = data.shape[:-1]
    steps = (slice(None, None, max(1, size // _SAMPLED)) for size in (height, width))
    alpha = np.asarray(data[(*(0,) * len(leading), *steps, 3)])
    opaque = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "ui" else 1.0
    return bool(alpha.mean() < opaque / 2)


def _span(layer: Layer, margin: float = 0.0) -> Span:
    """Extent of a layer in the world, `margin` pixels larger on each side."""
    (y0, x0), (y1, x1) = layer.extent.world[:, -2:]
    y, x = margin * np.asarray(layer.extent.step)[-2:]
    return (float(y0 - y), float(y1 + y)), (float(x0 - x), float(x1 + x))


def _on_slice(viewer: ViewerModel, layer: Layer) -> bool:
    """Whether the sliders are at a slice that the layer has."""
    point = np.asarray(viewer.dims.point)[-layer.ndim : -2]
    first, last = layer.extent.world[:, :-2]
    margin = np.asarray(layer.extent.step)[:-2] / 2
    return bool(np.all(first - margin <= point) and np.all(point <= last + margin))
