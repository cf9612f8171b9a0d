"""History: one object on its way through the planes, and what it is expected to be on the next."""

from dataclasses import dataclass
from statistics import median

import numpy as np

from napari_sam.masks.mask import Mask

_REMEMBERED = 5  # planes whose areas and scores say what is usual


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """An object as it was seen so far, walking in one direction.

    Parameters
    ----------
    position : int
        Where it was seen last.
    mask : Mask
        What was seen there.
    shifts : tuple
        Pixels ``(y, x)`` that its centre moved a plane, in the direction of the walk.
    areas, ious : tuple
        Of the last planes, the newest at the end.
    """

    position: int
    mask: Mask
    shifts: tuple[tuple[float, float], ...] = ()
    areas: tuple[int, ...] = ()
    ious: tuple[float, ...] = ()

    @classmethod
    def begin(cls, position: int, seed: Mask) -> "History":
        """An object that somebody showed."""
        return cls(position, seed, areas=(seed.area,), ious=(seed.iou,))

    @property
    def usual_area(self) -> float:
        """Median of the last areas, in pixels."""
        return median(self.areas)

    @property
    def usual_iou(self) -> float:
        """Median of the last predicted IoUs."""
        return median(self.ious)

    def then(self, position: int, mask: Mask) -> "History":
        """The object was seen on a further plane."""
        steps = abs(position - self.position)
        dy, dx = (np.subtract(centre(mask), centre(self.mask)) / steps).tolist()
        return History(
            position,
            mask,
            (*self.shifts, (dy, dx))[-_REMEMBERED:],
            (*self.areas, mask.area)[-_REMEMBERED:],
            (*self.ious, mask.iou)[-_REMEMBERED:],
        )

    def shift(self, position: int) -> tuple[int, int]:
        """Pixels ``(y, x)`` that the centre is thought to move on the way to another plane.

        The mean of the last shifts, less the more they scatter: a centre also moves when a part
        branches off or an outline is ragged. Source: the positive part estimator of James and
        Stein, "Estimation with quadratic loss", 1961.
        """
        if len(self.shifts) < 2:
            return 0, 0
        mean = np.mean(self.shifts, axis=0)
        noise = float(np.var(self.shifts, axis=0, ddof=1).sum()) / len(self.shifts)
        kept = max(0.0, 1 - noise / max(float(mean @ mean), 1e-9))
        dy, dx = np.rint(abs(position - self.position) * kept * mean).astype(int).tolist()
        return dy, dx


def centre(mask: Mask) -> tuple[float, float]:
    """Centroid ``(y, x)`` of a mask that is not empty, data pixels."""
    rows, cols = np.nonzero(mask.pixels)
    return float(rows.mean() + mask.bbox[0]), float(cols.mean() + mask.bbox[1])
