"""Held: a label picked up for correction; no Qt, no napari."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from napari_sam.image.volume import Plane
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.paint import OverlapPolicy, paint
from napari_sam.masks.mask import Mask
from napari_sam.plugin.worker.events import Event, PickedUp, Progress


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Label picked up for correction, with the pixels at pick-up.

    Parameters
    ----------
    label : int
        The label.
    masks : mapping of tuple to Mask
        Its pixels by plane.
    """

    label: int
    masks: Mapping[Plane, Mask]

    def erased(self, labels: LabelArray, corrected: Iterable[Mask]) -> list[LabelEdit]:
        """Edits to remove pixels lost by the correction.

        Parameters
        ----------
        labels : array-like
            Without channels, as they are now; not changed here.
        corrected : iterable of Mask
            The object now, at most one mask a plane.

        Returns
        -------
        list of LabelEdit
            One for each plane on which the label was.
        """
        by_plane = {mask.plane: mask for mask in corrected}
        return [self._erased_on(labels, plane, by_plane.get(plane)) for plane in self.masks]

    def _erased_on(self, labels: LabelArray, plane: Plane, corrected: Mask | None) -> LabelEdit:
        mask = self.masks[plane]
        y0, x0, y1, x1 = mask.bbox
        now = np.asarray(labels[(*plane, slice(y0, y1), slice(x0, x1))])
        gone = mask.pixels & (now == self.label)  # other labels may cover some by now
        if corrected is not None:
            gone &= ~corrected.within(mask.bbox)
        return paint(replace(mask, pixels=gone), labels, 0, OverlapPolicy.REPLACE)


def find_label(labels: LabelArray, start: Plane, label: int) -> Generator[Event, None, None]:
    """Find a label plane by plane, from `start` through all neighbouring planes.

    Parameters
    ----------
    labels : array-like
        Without channels; a plane at a time is read.
    start : tuple of int
        Index of a plane with the label.
    label : int
        The label.

    Yields
    ------
    Event
        Progress; at the end a :class:`~napari_sam.plugin.worker.events.PickedUp`.
    """
    masks: dict[Plane, Mask] = {}
    waiting, visited = [start], {start}
    while waiting:
        plane = waiting.pop()
        mask = _mask_of(labels, plane, label)
        if mask.empty:
            continue
        masks[plane] = mask
        yield Progress("Picking up", len(masks))
        near = [other for other in _neighbours(plane, labels.shape) if other not in visited]
        waiting += near
        visited.update(near)
    yield PickedUp(label, masks)


def _mask_of(labels: LabelArray, plane: Plane, label: int) -> Mask:
    inside = np.asarray(labels[plane]) == label
    return Mask(plane, (0, 0, *inside.shape), inside, iou=1.0, object_score=1.0).tight()


def _neighbours(plane: Plane, shape: tuple[int, ...]) -> Iterator[Plane]:
    for axis, index in enumerate(plane):
        for other in (index - 1, index + 1):
            if 0 <= other < shape[axis]:
                yield (*plane[:axis], other, *plane[axis + 1 :])
