"""Settle: the mask of a plane, between what was carried there and what the model sees there."""

from dataclasses import replace

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import depth
from napari_sam.tiles.bbox import union

_FAR = 5.0  # pixels: a model that draws the outline further away does not pull it more


def settle(carried: Mask, found: Mask, trust: float) -> Mask:
    """A mask between two of the same plane.

    The outline lies where the two signed distances, no larger than some pixels, are in balance:
    where the masks differ little it lies between them, and where they differ a lot, with the one
    that is trusted more. So a model that runs over into a neighbour on one plane does not take the
    object there, and one that says a little more on each plane is followed.

    Parameters
    ----------
    carried, found : Mask
        Not empty.
    trust : float
        How much the found one counts, from 0 to 1.

    Returns
    -------
    Mask
        Tight, with the scores of the found one; maybe empty.
    """
    region = union((carried.bbox, found.bbox))
    inside = (1 - trust) * depth(carried, region).clip(-_FAR, _FAR)
    inside += trust * depth(found, region).clip(-_FAR, _FAR)
    pixels: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = inside > 0
    return replace(found, bbox=region, pixels=pixels, low_res_logits=None).tight()
