"""Refine: crumbs go, pinholes are filled, clicked pieces and large holes stay."""

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.refine import refine


def test_crumbs_go_and_clicked_parts_stay() -> None:
    pixels = np.zeros((40, 40), bool)
    pixels[5:25, 5:25] = True
    pixels[30:33, 30:33] = True
    pixels[1, 1] = True
    pixels[10:12, 10:12] = False
    mask = Mask((), (100, 100, 140, 140), pixels, 0.9, 5)
    assert refine(mask).bbox == (105, 105, 125, 125)
    assert refine(mask).area == 400
    kept = refine(mask, [(131.0, 131.2)])
    assert kept.bbox == (105, 105, 133, 133)
    assert kept.area == 409


def test_rings_keep_their_hole() -> None:
    y, x = np.mgrid[:60, :60] - 29.5
    ring = (np.hypot(y, x) < 28) & (np.hypot(y, x) > 18)
    refined = refine(Mask((), (0, 0, 60, 60), ring, 0.9, 5))
    assert refined.area == ring.sum()
