"""EditHistory: the steps in which labels were edited, to take them back and to do them again."""

from .edit import LabelEdit
from .label_array import LabelArray
from .packed_edit import PackedEdit


class EditStep:
    """Edits that belong together: they are undone at once. Made by :meth:`EditHistory.begin`."""

    def __init__(self) -> None:
        self._edits: list[PackedEdit] = []

    def add(self, edit: LabelEdit) -> None:
        """An edit that was applied."""
        if not edit.empty:
            self._edits.append(PackedEdit.of(edit))

    def inverse(self) -> tuple[LabelEdit, ...]:
        """The edits that take the step back, in the order in which to apply them."""
        return tuple(packed.edit().inverse() for packed in reversed(self._edits))


class EditHistory:
    """Steps of edits, done and undone.

    Steps are kept packed: an object that was followed through hundreds of planes takes kilobytes.
    """

    def __init__(self) -> None:
        self._done: list[EditStep] = []
        self._undone: list[EditStep] = []

    def begin(self) -> EditStep:
        """A new step, to which edits are added as they are applied; nothing can be redone now."""
        self._done.append(EditStep())
        self._undone.clear()
        return self._done[-1]

    def go_on(self, step: EditStep) -> EditStep:
        """The step to add more to: itself, or a new one if it was undone meanwhile."""
        return step if any(step is one for one in self._done) else self.begin()

    def undo(self, labels: LabelArray) -> tuple[LabelEdit, ...]:
        """Take the last step back.

        Parameters
        ----------
        labels : array-like
            What was edited; changed in place.

        Returns
        -------
        tuple of LabelEdit
            What changed; empty if there was nothing to take back.
        """
        return _move(self._done, self._undone, labels)

    def redo(self, labels: LabelArray) -> tuple[LabelEdit, ...]:
        """Do the last undone step again; see :meth:`undo`."""
        return _move(self._undone, self._done, labels)


def _move(
    source: list[EditStep], target: list[EditStep], labels: LabelArray
) -> tuple[LabelEdit, ...]:
    edits: tuple[LabelEdit, ...] = ()
    while source and not edits:  # a step that changed nothing is no step for the user
        edits = source.pop().inverse()
    if edits:
        step = EditStep()
        for edit in edits:
            edit.apply(labels)
            step.add(edit)
        target.append(step)
    return edits
