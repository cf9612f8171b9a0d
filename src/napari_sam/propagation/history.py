"""History: masks of an object on the planes so far, to predict and to judge the next."""

from dataclasses import dataclass
from statistics import median

import numpy as np

from napari_sam.masks.mask import Mask

_REMEMBERED = 5
"""Latest planes over which the motion, the usual area and the usual predicted IoU are taken."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """An object on the planes of a walk so far.

    Parameters
    ----------
    position : int
        Latest position of the object on the line.
    mask : Mask
        The object there.
    shifts : tuple of (float, float)
        Motion of the centroid ``(y, x)``, data pixels per plane, in the direction of the walk.
    areas, ious : tuple
        Areas in data pixels and predicted IoUs on the latest planes, the newest at the end.
    sharpest : float
        The largest sharpness since the latest known mask; 0 where it is not measured.
    """

    position: int
    mask: Mask
    shifts: tuple[tuple[float, float], ...] = ()
    areas: tuple[int, ...] = ()
    ious: tuple[float, ...] = ()
    sharpest: float = 0.0

    @classmethod
    def begin(cls, position: int, seed: Mask, sharpness: float = 0.0) -> "History":
        """The history of an object on its first known plane, with the sharpness there."""
        return cls(position, seed, areas=(seed.area,), ious=(seed.iou,), sharpest=sharpness)

    @property
    def usual_area(self) -> float:
        """Median of the latest areas, data pixels."""
        return median(self.areas)

    @property
    def usual_iou(self) -> float:
        """Median of the latest predicted IoUs."""
        return median(self.ious)

    def then(self, position: int, mask: Mask, sharpness: float = 0.0) -> "History":
        """The history with a mask on a further plane, and the sharpness there."""
        steps = abs(position - self.position)
        dy, dx = (np.subtract(centre(mask), centre(self.mask)) / steps).tolist()
        return History(
            position,
            mask,
            (*self.shifts, (dy, dx))[-_REMEMBERED:],
            (*self.areas, mask.area)[-_REMEMBERED:],
            (*self.ious, mask.iou)[-_REMEMBERED:],
            max(self.sharpest, sharpness),
        )

    def shift(self, position: int) -> tuple[int, int]:
        """Expected motion of the centroid ``(y, x)`` to another position, data pixels.

        The mean of the latest shifts, shrunk towards zero by their scatter: a centroid also moves
        where a part branches off or an outline is ragged. Source: the positive part estimator of
        James and Stein, "Estimation with quadratic loss", 1961.
        """
        if len(self.shifts) < 2:
            return 0, 0
        mean = np.mean(self.shifts, axis=0)
        noise = float(np.var(self.shifts, axis=0, ddof=1).sum()) / len(self.shifts)
        shrinkage = max(0.0, 1 - noise / max(float(mean @ mean), 1e-9))
        dy, dx = np.rint(abs(position - self.position) * shrinkage * mean).astype(int).tolist()
        return dy, dx


def centre(mask: Mask) -> tuple[float, float]:
    """Centroid ``(y, x)`` of a mask that is not empty, data pixels."""
    rows, cols = np.nonzero(mask.pixels)
    return float(rows.mean() + mask.bbox[0]), float(cols.mean() + mask.bbox[1])
