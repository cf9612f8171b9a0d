"""StrokeChange: edits of labels by a stroke, with the resulting labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from napari_sam.labels.classes import ClassTable
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.masks.mask import Mask

from .label_region import LabelRegion
from .stroke import Stroke
from .stroke_action import StrokeAction


@dataclass(frozen=True, slots=True, eq=False)
class StrokeChange:
    """Change of labels by a stroke, not applied yet.

    Made by :func:`~napari_sam.labels.strokes.edit_by_stroke.edit_by_stroke`; applied by a session
    or by the dock, after a preview.

    Parameters
    ----------
    action : StrokeAction
        The change.
    stroke : Stroke
        The line.
    label : int
        The label that keeps its number: of a merge, the largest; of a split, the first that the
        line divides.
    edits : tuple of LabelEdit
        One for each plane and label.
    masks : mapping of int to tuple of Mask
        Each label to its pixels after the change, one mask a plane; ``label`` comes first, the
        parts of a split by size. 0 has the pixels that no label has any more.
    parts : mapping of int to int
        New label of a split to the label that it was a part of.
    merged : tuple of int
        Labels that have gone up in `label`, on the planes of the change.
    """

    action: StrokeAction
    stroke: Stroke
    label: int
    edits: tuple[LabelEdit, ...]
    masks: Mapping[int, tuple[Mask, ...]]
    parts: Mapping[int, int]
    merged: tuple[int, ...] = ()

    @property
    def areas(self) -> dict[int, int]:
        """Pixels of each of `masks`, in all planes of the change."""
        return {label: sum(mask.area for mask in masks) for label, masks in self.masks.items()}

    @property
    def planes(self) -> int:
        """Number of planes that change."""
        return len({edit.plane for edit in self.edits})

    def fits(self, labels: LabelArray) -> bool:
        """Whether the labels have not changed since the change was made."""
        return all(
            np.array_equal(np.asarray(labels[edit.region])[edit.mask], edit.old[edit.mask])
            for edit in self.edits
        )

    def renumbered(self, first: int) -> "StrokeChange":
        """The change with other numbers for the new parts, from `first` on."""
        number = {label: first + i for i, label in enumerate(self.parts)}
        edits = []
        for edit in self.edits:
            new = edit.new.copy()
            for before, now in number.items():
                new[edit.mask & (edit.new == before)] = now
            edits.append(replace(edit, new=new))
        return replace(
            self,
            edits=tuple(edits),
            masks={number.get(label, label): masks for label, masks in self.masks.items()},
            parts={number[label]: origin for label, origin in self.parts.items()},
        )

    def apply(self, labels: LabelArray) -> None:
        """Write the new labels.

        Parameters
        ----------
        labels : array-like
            ``(*planes, Y, X)`` integers, changed in place; only the boxes of the edits.
        """
        for edit in self.edits:
            edit.apply(labels)

    def classes(self, table: ClassTable) -> dict[int, str]:
        """Classes after the change: parts of a split inherit a class given by the user.

        Parameters
        ----------
        table : ClassTable
            Before the change.

        Returns
        -------
        dict of int to str
            Label to the name of its class, for
            :meth:`~napari_sam.labels.classes.ClassTable.assign`; empty for no class. A predicted
            class is not inherited: a part looks different from the object.
        """
        inherited = {new: table.given.get(old, "") for new, old in self.parts.items()}
        return inherited | dict.fromkeys(self.merged, "")


def mask_of(region: LabelRegion, pixels: np.ndarray) -> Mask:
    """Mask of the pixels ``(h, w)`` bool of a region, in its smallest box."""
    return Mask(region.plane, region.bbox, pixels.astype(bool), iou=1.0, object_score=1.0).tight()


def edit_of(region: LabelRegion, after: np.ndarray) -> LabelEdit:
    """Edit from the labels of a region to those after, of the same shape."""
    after = after.astype(region.labels.dtype)
    return LabelEdit(region.plane, region.bbox, region.labels != after, region.labels, after)


def masks_by_label(
    pixels: Iterable[tuple[int, Mask]],
) -> dict[int, tuple[Mask, ...]]:
    """Masks that are not empty, by label in the order of their first mask."""
    masks: dict[int, tuple[Mask, ...]] = {}
    for label, mask in pixels:
        if not mask.empty:
            masks[label] = (*masks.get(label, ()), mask)
    return masks
