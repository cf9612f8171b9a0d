"""Flow: masks carried from plane to plane, along the optical flow of the image."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from skimage.registration import optical_flow_ilk
from skimage.transform import resize, warp

from napari_sam.image.volume import Plane, Volume
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox, intersection

Image = NDArray[np.float32]
"""``(h, w)`` float32, grey values of a region of a plane."""

_BRIGHTEST = 1e30
"""Grey value to which larger ones are clipped: differences of float32 must stay finite."""

_MARGIN = 16
"""Data pixels around a mask in which the flow is estimated, and into which the mask may move."""

_LARGEST = 256
"""Side in pixels to which a larger region is shrunk before its flow is estimated."""

_SMALLEST = 16
"""Side in pixels below which the flow of a region is not estimated, but taken as zero."""

_RADIUS = 3
"""Radius in pixels of the windows of the flow; larger windows blur the flow of thin neurites."""


def carry(mask: Mask, shift: tuple[int, int], volume: Volume, plane: Plane) -> Mask:
    """Carry a mask to another plane, moved and bent as the image.

    The mask is moved by the shift first; optical flow estimates the remaining motion.

    Parameters
    ----------
    mask : Mask
        Not empty.
    shift : tuple of int
        Expected motion of the object ``(y, x)``, data pixels.
    volume : Volume
        The image.
    plane : tuple of int
        The plane to go to. The flow is most accurate between neighbouring planes.

    Returns
    -------
    Mask
        Tight, without ``low_res_logits``; empty if the object left the image.

    Notes
    -----
    The flow is the iterative Lucas-Kanade estimate of Le Besnerais and Champagnat, "Dense optical
    flow by iterative local window registration", ICIP 2005.
    """
    limits = (volume.height, volume.width)
    region = _around(mask.bbox, shift, limits)
    if region is None:
        y0, x0, _, _ = mask.bbox
        return replace(mask, plane=plane, bbox=(y0, x0, y0, x0), pixels=np.zeros((0, 0), bool))
    y0, x0, y1, x1 = region
    dy, dx = shift
    origin = (y0 - dy, x0 - dx, y1 - dy, x1 - dx)  # the region before the shift
    before = mask.within(origin).astype(np.float32)
    flow = _flow(grey(volume, mask.plane, origin), grey(volume, plane, region))
    rows, cols = np.mgrid[: y1 - y0, : x1 - x0]
    pixels = warp(before, np.stack([rows + flow[0], cols + flow[1]]), order=1) > 0.5
    moved = replace(mask, plane=plane, bbox=region, pixels=pixels, low_res_logits=None)
    return moved.tight()


def _around(bbox: BBox, shift: tuple[int, int], limits: tuple[int, int]) -> BBox | None:
    """The moved box of a mask with a margin, clipped to both planes; None if it left the image."""
    y0, x0, y1, x1 = bbox
    (dy, dx), (height, width) = shift, limits
    top, left = max(y0 + dy - _MARGIN, dy, 0), max(x0 + dx - _MARGIN, dx, 0)
    bottom = min(y1 + dy + _MARGIN, height + dy, height)
    right = min(x1 + dx + _MARGIN, width + dx, width)
    around = (top, left, bottom, right)
    stays = intersection((y0 + dy, x0 + dx, y1 + dy, x1 + dx), around) is not None
    return around if stays else None


def grey(volume: Volume, plane: Plane, region: BBox) -> Image:
    """A region as the mean of its channels; NaN and infinities are 0."""
    pixels = np.nan_to_num(volume.read(plane, *region).astype(np.float64), posinf=0.0, neginf=0.0)
    values: Image = pixels.clip(-_BRIGHTEST, _BRIGHTEST).mean(axis=-1).astype(np.float32)
    return values


def _flow(before: Image, after: Image) -> Image:
    """Offset yx of each pixel of `after` to its place in `before`: ``(2, h, w)`` float32."""
    shape = after.shape
    low, high = min(before.min(), after.min()), max(before.max(), after.max())
    if min(shape) < _SMALLEST or not low < high:
        return np.zeros((2, *shape), np.float32)
    scale = max(1.0, max(shape) / _LARGEST)
    small = tuple(max(_SMALLEST, round(n / scale)) for n in shape)
    shrunk = [
        resize((image - low) / (high - low), small, order=1, anti_aliasing=scale > 1)
        for image in (after, before)
    ]
    flow = optical_flow_ilk(*shrunk, radius=_RADIUS, num_warp=2, gaussian=True, dtype=np.float32)
    if small == shape:
        return np.asarray(flow, np.float32)
    grown = [
        resize(component, shape, order=1) * (n / m)
        for component, n, m in zip(flow, shape, small, strict=True)
    ]
    return np.stack(grown).astype(np.float32)
