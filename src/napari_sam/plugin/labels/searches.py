"""Searches: where all objects of an image were looked for, and which the user refused; no Qt."""

from collections.abc import Iterable

import numpy as np

from napari_sam.image.volume import Plane
from napari_sam.labels.label_array import LabelArray
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox, union

from .rating import Rating


class Searches:
    """Notes for lessons, as long as the image is in use.

    Attributes
    ----------
    regions : dict of tuple to BBox
        Region of each plane in which all objects were looked for.
    refused : dict of int to Mask
        Pixels of removed objects by label, each on the plane of its rating.
    """

    def __init__(self) -> None:
        self.regions: dict[Plane, BBox] = {}
        self.refused: dict[int, Mask] = {}

    def note(self, planes: Iterable[Plane], region: BBox) -> None:
        """Note that all objects of a region of planes are being looked for."""
        for plane in planes:
            self.regions[plane] = union((region, self.regions.get(plane, region)))

    def note_refused(self, label: int, rated: Rating, labels: LabelArray) -> None:
        """Keep the pixels of an object that is about to be removed.

        Parameters
        ----------
        label : int
            The label.
        rated : Rating
            Its rating.
        labels : array-like
            ``(*planes, Y, X)``, still with the object.
        """
        y0, x0, y1, x1 = bbox = rated.boxes[rated.plane]
        pixels = np.asarray(labels[(*rated.plane, slice(y0, y1), slice(x0, x1))]) == label
        self.refused[label] = Mask(rated.plane, bbox, pixels, rated.score, 0.0)
