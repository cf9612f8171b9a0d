"""EditHistory: steps in which labels were edited, for undo and redo."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .edit import LabelEdit
from .label_array import LabelArray
from .packed_edit import PackedEdit


@dataclass(frozen=True, slots=True)
class NotedEdit:
    """An edit with the object that it painted.

    Parameters
    ----------
    edit : PackedEdit
        The pixels.
    label : int
        Label of the object; 0 if that is not known.
    prompts : tuple
        Prompts that the model answered (:attr:`Mask.prompts <napari_sam.masks.mask.Mask.prompts>`).
    """

    edit: PackedEdit
    label: int = 0
    prompts: tuple[Any, ...] = ()

    def inverse(self) -> "NotedEdit":
        """The edit that takes it back, of the same object."""
        return replace(self, edit=PackedEdit.of(self.edit.edit().inverse()))


class EditStep:
    """Edits to be undone together. Made by :meth:`EditHistory.begin`."""

    def __init__(self, edits: Iterable[NotedEdit] = ()) -> None:
        self.edits = list(edits)

    def add(self, edit: LabelEdit, label: int = 0, prompts: tuple[Any, ...] = ()) -> None:
        """Append an edit that was applied; an empty edit is ignored."""
        if not edit.empty:
            self.edits.append(NotedEdit(PackedEdit.of(edit), label, prompts))

    def inverse(self) -> "EditStep":
        """The inverse of a step: inverse edits, the last first."""
        return EditStep(noted.inverse() for noted in reversed(self.edits))


class EditHistory:
    """Steps of edits, done and undone.

    Edits are compressed: an object that was followed through hundreds of planes takes kilobytes.
    """

    def __init__(self) -> None:
        self._done: list[EditStep] = []
        self._undone: list[EditStep] = []

    @property
    def edits(self) -> tuple[NotedEdit, ...]:
        """Edits that were not undone, in the order of their application."""
        return tuple(noted for step in self._done for noted in step.edits)

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
    step = EditStep()
    while source and not step.edits:  # a step without a change: the user saw nothing happen
        step = source.pop().inverse()
    edits = tuple(noted.edit.edit() for noted in step.edits)
    for edit in edits:
        edit.apply(labels)
    if edits:
        target.append(step)
    return edits
