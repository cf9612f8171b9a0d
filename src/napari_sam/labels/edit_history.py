"""EditHistory: steps in which labels were edited, for undo and redo."""

from .edit import LabelEdit
from .label_array import LabelArray
from .packed_edit import PackedEdit


class EditStep:
    """Edits to be undone together. Made by :meth:`EditHistory.begin`."""

    def __init__(self) -> None:
        self._edits: list[PackedEdit] = []

    def add(self, edit: LabelEdit) -> None:
        """Append an edit that was applied; an empty edit is ignored."""
        if not edit.empty:
            self._edits.append(PackedEdit.of(edit))

    def inverse(self) -> tuple[LabelEdit, ...]:
        """Inverse edits of the step, in the order of their application."""
        return tuple(packed.edit().inverse() for packed in reversed(self._edits))


class EditHistory:
    """Steps of edits, done and undone.

    Edits are compressed: an object that was followed through hundreds of planes takes kilobytes.
    """

    def __init__(self) -> None:
        self._done: list[EditStep] = []
        self._undone: list[EditStep] = []

    def begin(self) -> EditStep:
        """Begin a step for edits to be applied; undone steps are dropped."""
        self._done.append(EditStep())
        self._undone.clear()
        return self._done[-1]

    def go_on(self, step: EditStep) -> EditStep:
        """The step to add further edits to: the same, or a new step if it was undone meanwhile."""
        return step if any(step is done for done in self._done) else self.begin()

    def undo(self, labels: LabelArray) -> tuple[LabelEdit, ...]:
        """Take the last step back.

        Parameters
        ----------
        labels : array-like
            The labels that were edited; changed in place.

        Returns
        -------
        tuple of LabelEdit
            Edits that were applied to do so; empty if no step was left.
        """
        return _move(self._done, self._undone, labels)

    def redo(self, labels: LabelArray) -> tuple[LabelEdit, ...]:
        """Do the last undone step again; see :meth:`undo`."""
        return _move(self._undone, self._done, labels)


def _move(
    source: list[EditStep], target: list[EditStep], labels: LabelArray
) -> tuple[LabelEdit, ...]:
    edits: tuple[LabelEdit, ...] = ()
    while source and not edits:  # a step without a change is skipped: the user saw nothing happen
        edits = source.pop().inverse()
    if edits:
        step = EditStep()
        for edit in edits:
            edit.apply(labels)
            step.add(edit)
        target.append(step)
    return edits
