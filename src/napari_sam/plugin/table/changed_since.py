"""ChangedSince: objects with changed pixels since a measurement; no Qt."""

from collections.abc import Sequence

import numpy as np

from napari_sam.image.volume import Plane
from napari_sam.plugin.labels.accepted import Accepted
from napari_sam.plugin.undo.history import Change, History

Key = tuple[int, int]
"""Label and frame of an object."""


class ChangedSince:
    """Follows the history of the labels from the moment of a measurement.

    A change that is undone, or done again, leaves the object as it was measured.

    Parameters
    ----------
    history : History
        Steps of the labels.
    plane_axes : str
        Letters of the axes before Y and X, for the frame of a change.
    """

    def __init__(self, history: History, plane_axes: str) -> None:
        self._history, self._time = history, plane_axes.find("T")
        self._done = _changes(history)
        self._differing: dict[int, tuple[Change, frozenset[Key]]] = {}

    def follow(self) -> None:
        """Take in the changes that were made, undone and done again since the last call."""
        before, self._done = self._done, _changes(self._history)
        now = {id(change) for change in self._done}
        earlier = {id(change) for change in before}
        made = [change for change in self._done if id(change) not in earlier]
        gone = [change for change in before if id(change) not in now]
        for change in made:
            self._toggle(change)
        # A new change pushes the oldest out of the history; without one they were undone.
        for change in [] if made else gone:
            self._toggle(change)

    def _toggle(self, change: Change) -> None:
        if self._differing.pop(id(change), None) is None and isinstance(change, Accepted):
            # The change is kept too, or another one might get its id.
            self._differing[id(change)] = change, self._keys_of(change)

    def _keys_of(self, change: Accepted) -> frozenset[Key]:
        keys: set[Key] = set()
        for entry in change.step.entries:
            for packed in entry.edits:
                edit = packed.edit()
                labels = np.unique([edit.old[edit.mask], edit.new[edit.mask]])
                keys |= {(int(label), self._frame(edit.plane)) for label in labels if label}
        return frozenset(keys)

    def _frame(self, plane: Plane) -> int:
        return 0 if self._time < 0 else plane[self._time]

    @property
    def objects(self) -> frozenset[Key]:
        """Objects, by label and frame, with other pixels than at the measurement; also new ones."""
        return frozenset().union(*(keys for _, keys in self._differing.values()))


def _changes(history: History) -> Sequence[Change]:
    return [change for step in history.done for change in step.labels]
