"""Proposals: objects of a search, shown as labels from a chosen similarity on; no Qt."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from napari.layers import Labels

from napari_sam.journal.entry import Origin
from napari_sam.masks.mask import Mask
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.labels.rating import Look
from napari_sam.plugin.worker.number_objects import number_objects
from napari_sam.plugin.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """Proposed objects of a search: shown ones are labels, hidden ones are in memory.

    An object that the user kept, dropped or corrected is no proposal any more.

    Parameters
    ----------
    work : Workspace
        The image in use, with its labels.
    layer : napari.layers.Labels
        Layer with the labels at the start of the search.
    origin : Origin
        The model that found the objects, for the journal.
    acceptance : Acceptance
        How objects become labels, with their class.
    masks : list of Mask
        All proposals; the confidence of a mask is its similarity.
    label_of : dict of int to int
        Index of each shown mask to its label.
    """

    work: Workspace
    layer: Labels | None
    origin: Origin
    acceptance: Acceptance
    masks: list[Mask] = field(default_factory=list)
    label_of: dict[int, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of shown objects, dropped ones not counted."""
        ratings = self.work.ratings.of_label
        rated = (ratings[label] for label in self.label_of.values() if label in ratings)
        return sum(rating.look is not Look.DROPPED for rating in rated)

    def add(self, masks: Sequence[Mask], threshold: float) -> None:
        """Add objects, and paint those of enough similarity, in the open step."""
        self.masks.extend(masks)
        self.show_from(threshold)

    def show_from(self, threshold: float) -> None:
        """Paint all objects from a similarity on, and erase all others, in the open step."""
        ratings = self.work.ratings.of_label
        undecided = {
            index
            for index, label in self.label_of.items()
            if label in ratings and ratings[label].look is Look.WAITING
        }
        similar = {i for i, mask in enumerate(self.masks) if mask.confidence >= threshold}
        self._hide(undecided - similar)
        self._show(similar - self.label_of.keys())

    def _show(self, indices: Iterable[int]) -> None:
        by_plane = defaultdict(list)
        for index in sorted(indices):
            by_plane[self.masks[index].plane].append(index)
        for of_plane in by_plane.values():
            first = self.work.labels_layer.next_label()
            objects = number_objects([self.masks[index] for index in of_plane])
            self.work.writer.accept_all(objects, first, self.origin, self.acceptance, many=True)
            self.label_of.update(zip(of_plane, range(first, first + len(of_plane)), strict=True))

    def _hide(self, indices: Iterable[int]) -> None:
        boxes = {
            self.label_of.pop(index): {self.masks[index].plane: self.masks[index].bbox}
            for index in sorted(indices)
        }
        if boxes:
            self.work.ratings.change(dict.fromkeys(boxes))
            self.work.writer.erase_all(boxes)
