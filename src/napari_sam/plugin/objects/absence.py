"""Absence: background clicks on a followed mask that say that the object is not in the slice."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import depth
from napari_sam.prompts.prompt import PointPrompt, Prompt

_REMAINING = 0.25
"""Share of the followed mask's area below which the corrected mask counts as empty."""

_CENTRAL = 0.6
"""Share of the largest distance to the outline above which a click lies in the mask's middle."""


def is_absent(followed: Mask, corrected: Mask, prompts: Sequence[Prompt]) -> bool:
    """Whether background clicks say that a followed object is not in a slice.

    Parameters
    ----------
    followed : Mask
        The mask that following brought; not empty.
    corrected : Mask
        The model's mask after the clicks.
    prompts : sequence of Prompt
        The prompts in the slice.

    Returns
    -------
    bool
        True if all prompts are background clicks, and one of them lies in the middle of the
        followed mask or hardly any of it remains: models seldom answer with an empty mask.
    """
    clicks = [p for p in prompts if isinstance(p, PointPrompt) and not p.is_foreground]
    if not clicks or len(clicks) < len(prompts):
        return False
    if corrected.area < _REMAINING * followed.area:
        return True
    depths = depth(followed, followed.bbox)
    y0, x0, y1, x1 = followed.bbox
    for click in clicks:
        y, x = (int(np.floor(v + 0.5)) for v in click.position[-2:])
        inside = y0 <= y < y1 and x0 <= x < x1
        if inside and depths[y - y0, x - x0] >= _CENTRAL * depths.max():
            return True
    return False


def emptied(mask: Mask) -> Mask:
    """The mask without pixels."""
    y0, x0, _, _ = mask.bbox
    pixels = np.zeros((0, 0), bool)
    return replace(mask, bbox=(y0, x0, y0, x0), pixels=pixels, low_res_logits=None)
