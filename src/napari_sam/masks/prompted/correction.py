"""Correction: change of a mask by a correcting click, and the part of the change near the click."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_propagation

from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import PointPrompt
from napari_sam.tiles.bbox import BBox, union

Bool = NDArray[np.bool_]

REACH = 2.0
"""Radius of the surroundings of a click, as multiple of the distance from the click to the nearest
pixel that was right already: inside the mask for a foreground click, outside for a background one.

An annotator clicks about in the middle of an error, so twice its depth covers most errors."""

LEAST_REACH = 2.0
"""Radius that the surroundings of a click have at least, data pixels."""

FAR_SHARE = 0.2
"""Changed pixels beyond the surroundings of the click, as share of the pixels of the mask before,
above which a correction is suspicious.

The three constants were chosen with 2,858 corrections of cells-tiny on the 11 sets of training
images (8 objects of 14 images each, up to 4 corrections, clicks as in
:mod:`napari_sam.evaluate.clicks`). 11.4 % of the corrections lowered the IoU by more than 0.05.
20.5 % were suspicious, and for 72 % of these :attr:`Correction.near_only` was better than the
answer. With it in place of each suspicious answer, 2.7 % lowered the IoU by more than 0.05, and the
mean IoU rose from 0.715 to 0.728. With a share of 0.3 half as many are suspicious; 5.5 % remain.
A fall of the predicted IoU does not tell the better answers from the worse."""

NEW_OBJECT = 1.25
"""Changed pixels, as share of the pixels of the mask before, above which a correction is not
suspicious: the click then means another object, mostly a whole of which the mask was a part. Of 68
such corrections, 28 % had a better :attr:`Correction.near_only`."""


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """Change of a mask by a correcting click; made by :func:`correction_by`.

    Parameters
    ----------
    changed : float
        Changed pixels, as share of the pixels of the mask before; above 1 possible.
    far : float
        Changed pixels that do not belong to the click, as share of the pixels of the mask before.
    near_only : Mask
        The mask before, with the change around the click alone: the connected pixels at the click
        that it wanted changed and that the answer changed, within :data:`REACH`.
    """

    changed: float
    far: float
    near_only: Mask

    @property
    def is_suspicious(self) -> bool:
        """Whether much changed far from the click, and yet it is the same object."""
        return self.far > FAR_SHARE and self.changed <= NEW_OBJECT


def correction_by(click: PointPrompt, before: Mask, after: Mask) -> Correction:
    """Compare a mask with the answer to a further click.

    Parameters
    ----------
    click : PointPrompt
        The click, on the plane of the masks.
    before : Mask
        The mask that was corrected; not empty.
    after : Mask
        The answer of the model; may be empty.

    Returns
    -------
    Correction

    Raises
    ------
    ValueError
        If `before` is empty.
    """
    if before.empty:
        raise ValueError("an empty mask cannot be corrected")
    y, x = (int(np.floor(v + 0.5)) for v in click.position[-2:])
    masks = [mask.bbox for mask in (before, after) if not mask.empty]
    y0, x0, y1, x1 = union([*masks, (y, x, y + 1, x + 1)])
    region = (y0 - 1, x0 - 1, y1 + 1, x1 + 1)  # a rim of background, for distances
    old, new = before.within(region), after.within(region)
    spot = _spot(click.is_foreground, (y, x), region, old, new)
    near = old | spot if click.is_foreground else old & ~spot
    area = int(np.count_nonzero(old))
    return Correction(
        int(np.count_nonzero(old ^ new)) / area,
        int(np.count_nonzero((old ^ new) & ~spot)) / area,
        replace(before, bbox=region, pixels=near, low_res_logits=None).tight(),
    )


def _spot(is_foreground: bool, place: tuple[int, int], region: BBox, old: Bool, new: Bool) -> Bool:
    """Pixels changed to the click's label, connected with the click, within its reach."""
    y, x = place[0] - region[0], place[1] - region[1]
    rows, cols = np.ogrid[: old.shape[0], : old.shape[1]]
    distance = np.hypot(rows - y, cols - x)
    right_before = old if is_foreground else ~old
    reach = max(LEAST_REACH, REACH * float(distance[right_before].min()))
    gained = new & ~old if is_foreground else old & ~new
    clicked: Bool = distance == 0
    clicked &= ~right_before
    spot: Bool = binary_propagation(clicked, mask=clicked | (gained & (distance <= reach)))
    return spot
