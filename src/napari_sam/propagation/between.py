"""Between: masks of planes that lie between two others, and of two walks that meet."""

from dataclasses import replace

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import depth
from napari_sam.tiles.bbox import union


def blend(first: Mask, second: Mask, share: float, plane: Plane) -> Mask:
    """A mask between two others.

    Source: shape-based interpolation of signed distances (Raya and Udupa, IEEE Transactions on
    Medical Imaging 9, 1990).

    Parameters
    ----------
    first, second : Mask
        Not empty.
    share : float
        How much the second one counts, from 0 to 1.
    plane : tuple of int
        Where the result lies.

    Returns
    -------
    Mask
        Maybe empty, where the two have nothing in common.
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
    """What two walks from both ends of a stretch say about one of its planes, by vote.

    Parameters
    ----------
    up, down : Mask
        Of the same plane.
    share : float
        How far the plane is on the way up, from 0 at its start to 1 at the start of the way down.
        The nearer start counts more, and so does the mask that the model is surer of.

    Returns
    -------
    Mask
    """
    of_up, of_down = (1 - share) * max(up.iou, 0.01), share * max(down.iou, 0.01)
    joined = blend(up, down, of_down / (of_up + of_down), up.plane)
    if joined.empty:  # they saw different objects
        return up if of_up >= of_down else down
    return joined
