"""Between: masks interpolated between two planes, and joined from two walks in a plane."""

from dataclasses import replace

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import depth
from napari_sam.tiles.bbox import union


def blend(first: Mask, second: Mask, share: float, plane: Plane) -> Mask:
    """Interpolate between two masks, by the signed distances to their outlines.

    Source: shape-based interpolation of signed distances (Raya and Udupa, IEEE Transactions on
    Medical Imaging 9, 1990).

    Parameters
    ----------
    first, second : Mask
        Of any two planes; not empty.
    share : float
        Weight of the second mask, from 0 to 1; of its scores, too.
    plane : tuple of int
        Plane of the result.

    Returns
    -------
    Mask
        Tight; empty if the masks lie too far apart.
    """
    region = union((first.bbox, second.bbox))
    pixels = (1 - share) * depth(first, region) + share * depth(second, region) > 0
    return replace(
        first,
        plane=plane,
        bbox=region,
        pixels=pixels,
        iou=(1 - share) * first.iou + share * second.iou,
        object_score=(1 - share) * first.object_score + share * second.object_score,
        low_res_logits=None,
    ).tight()


def join(up: Mask, down: Mask, share: float) -> Mask:
    """Join the masks of an object from the walk up and the walk down in a plane.

    Parameters
    ----------
    up, down : Mask
        Of the same plane; not empty.
    share : float
        Place of the plane between two known masks of the object, from 0 at the lower to 1 at the
        upper. The walk from the nearer known mask weighs more, and so does the higher predicted
        IoU.

    Returns
    -------
    Mask
        Interpolated by :func:`blend`; the heavier mask alone if the interpolation is empty, as two
        masks far apart show different objects.
    """
    of_up, of_down = (1 - share) * max(up.iou, 0.01), share * max(down.iou, 0.01)
    joined = blend(up, down, of_down / (of_up + of_down), up.plane)
    if joined.empty:
        return up if of_up >= of_down else down
    return joined
