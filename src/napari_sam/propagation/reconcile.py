"""Reconcile: the mask of an object between its carried mask and the model's answer."""

from dataclasses import replace

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import depth
from napari_sam.tiles.bbox import union

_FAR = 5.0
"""Signed distance in data pixels to which larger ones are clipped before the mean is taken."""


def reconcile(carried: Mask, answer: Mask, trust: float) -> Mask:
    """Take the weighted mean of two masks, by the clipped signed distances to their outlines.

    Where the masks differ little, the outline lies between them; where they differ by more than
    the clipping distance, it is that of the mask with the larger weight. So an answer that runs
    over into a neighbour on one plane does not lead the object there, and a little growth on each
    plane is followed.

    Parameters
    ----------
    carried : Mask
        The object's mask, carried from the plane before; not empty.
    answer : Mask
        The model's mask on the same plane; not empty.
    trust : float
        Weight of the answer, from 0 to 1.

    Returns
    -------
    Mask
        Tight, with the scores of the answer; maybe empty.
    """
    region = union((carried.bbox, answer.bbox))
    inside = (1 - trust) * depth(carried, region).clip(-_FAR, _FAR)
    inside += trust * depth(answer, region).clip(-_FAR, _FAR)
    pixels: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = inside > 0
    return replace(answer, bbox=region, pixels=pixels, low_res_logits=None).tight()
