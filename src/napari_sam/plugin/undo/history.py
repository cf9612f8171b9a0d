"""History: a step to undo for each action of the user; no Qt, no napari."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from psygnal import Signal

STEPS = 100
"""Number of steps that are remembered; napari remembers as many changes of a Labels layer."""

BYTES = 1 << 28
"""Bytes of all steps together, above which the oldest are forgotten."""


class Change(Protocol):
    """Part of a step, with undo and redo."""

    @property
    def size(self) -> int:
        """Bytes of memory kept by the change."""

    def undo(self) -> bool:
        """Undo the change; whether redo is possible."""

    def redo(self) -> None:
        """Do the change again."""


@dataclass(slots=True, eq=False)
class Step:
    """Changes by an action of the user.

    Parameters
    ----------
    prompts : Change, optional
        The change of the prompt layers, with what it did to objects.
    labels : list of Change
        Changes of the labels in order. A label may come while the user does other things: it
        belongs to the step in which it was accepted.
    text : str
        A few words on the action, after "Undo: "; empty where nobody gave any.
    """

    prompts: Change | None = None
    labels: list[Change] = field(default_factory=list)
    text: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return not self.changes

    @property
    def words(self) -> str:
        """A few words on the action, after "Undo: "."""
        default = "the last change of the labels" if self.labels else "the last change"
        return self.text or default

    @property
    def changes(self) -> list[Change]:
        """All changes, in order."""
        return [*([] if self.prompts is None else [self.prompts]), *self.labels]

    @property
    def size(self) -> int:
        """Bytes of memory kept by the changes."""
        return sum(change.size for change in self.changes)

    def undo(self) -> bool:
        """Undo all changes, the last first; whether redo is possible."""
        return all([change.undo() for change in reversed(self.changes)])

    def redo(self) -> None:
        """Do all changes again."""
        for change in self.changes:
            change.redo()


class History:
    """Steps to undo, newest last, and undone steps to do again.

    Attributes
    ----------
    revision : int
        Grows with every step that is added, undone or done again.

    Signals
    -------
    changed
        :attr:`revision` has grown.
    """

    changed = Signal()

    def __init__(self) -> None:
        self.revision = 0
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._open: Step | None = None

    @contextmanager
    def one_action(self, begun: Step | None = None, text: str = "") -> Iterator[Step]:
        """Collect all changes added inside into a single step.

        Parameters
        ----------
        begun : Step, optional
            The step of an action that goes on, to be added to. A new step is made instead if that
            one was undone, or if labels changed in other steps since: labels are undone in the
            order in which they came.
        text : str
            A few words on the action, for :attr:`Step.text`.

        Yields
        ------
        Step
            The step, to go on with later.
        """
        outer = self._open
        step = self._open = outer or self._going_on(begun) or Step()
        step.text, before = step.text or text, step.changes
        try:
            yield step
        finally:
            self._open = outer
            if outer is None and step.changes != before:
                self._push(step)

    def _going_on(self, begun: Step | None) -> Step | None:
        for step in reversed(self._done):
            if step is begun:
                return step
            if step.labels:
                return None
        return None

    def add_prompts(self, change: Change, text: str = "") -> None:
        """Add a change of the prompts to the open step, or as a new step; see :attr:`Step.text`."""
        with self.one_action(text=text) as step:
            step.prompts = change

    def add_labels(self, change: Change, text: str = "") -> None:
        """Add a change of the labels to the open step, or as a new step; see :attr:`Step.text`."""
        with self.one_action(text=text) as step:
            step.labels.append(change)

    @property
    def next_undo(self) -> str:
        """A few words on the step that :meth:`undo` takes back; empty without a step."""
        return self._done[-1].words if self._done else ""

    @property
    def next_redo(self) -> str:
        """A few words on the step that :meth:`redo` does again; empty without a step."""
        return self._undone[-1].words if self._undone else ""

    @property
    def done(self) -> Sequence[Step]:
        """Steps that can be undone, the newest last."""
        return self._done

    @property
    def last_prompts(self) -> Change | None:
        """Prompt change of the newest step; None if the step changed labels too."""
        alone = self._done and not self._done[-1].labels
        return self._done[-1].prompts if alone else None

    def forget_last(self) -> None:
        """Forget the newest step."""
        self._done.pop()
        self._note_change()

    def undo(self) -> bool:
        """Undo the newest step; False for an empty history."""
        if not self._done:
            return False
        step = self._done.pop()
        if step.undo():
            self._undone.append(step)
        self._note_change()
        return True

    def redo(self) -> bool:
        """Do the last undone step again; False without an undone step."""
        if not self._undone:
            return False
        step = self._undone.pop()
        step.redo()
        self._done.append(step)
        self._note_change()
        return True

    def undo_labels(self) -> bool:
        """Undo the newest change of the labels, without the later changes of prompts.

        The prompts stay as they are; the change of prompts in the same step is a step of its own
        from now on.

        Returns
        -------
        bool
            False if no labels changed.
        """
        index = max((i for i, step in enumerate(self._done) if step.labels), default=-1)
        if index < 0:
            return False
        step = self._done[index]
        alone = Step(labels=step.labels, text=step.text)
        if alone.undo():
            self._undone.append(alone)
        step.labels, step.text = [], "the end of the object"
        if step.empty:
            del self._done[index]
        self._note_change()
        return True

    def add_undone(self, change: Change) -> None:
        """Add an undone change of the labels from outside of the history, for redo."""
        self._undone.append(Step(labels=[change]))
        self._note_change()

    def forget_labels(self) -> None:
        """Forget all changes of the labels: their layer is gone, and nothing can be undone there.

        Changes of prompts in the same steps stay.
        """
        for steps in (self._done, self._undone):
            for step in steps:
                step.labels = []
            steps[:] = [step for step in steps if not step.empty]
        self._note_change()

    def note_undone(self, is_change: Callable[[Change], bool]) -> None:
        """Note that napari undid a change of the newest step with labels; undo what followed it.

        The changes after it in the same step, such as scores of the objects, are undone with it.

        Parameters
        ----------
        is_change : callable
            Whether a change is the undone one; changes of other steps stay as they are.
        """
        index = max((i for i, step in enumerate(self._done) if step.labels), default=-1)
        labels = self._done[index].labels if index >= 0 else []
        place = max((i for i, change in enumerate(labels) if is_change(change)), default=-1)
        if place < 0:
            return
        step = self._done[index]
        for change in reversed(labels[place + 1 :]):
            change.undo()
        self._undone.append(Step(labels=labels[place:], text=step.text))
        del labels[place:]
        if step.empty:
            del self._done[index]
        self._note_change()

    def note_redone(self, is_change: Callable[[Change], bool]) -> None:
        """Note that the change of the labels that was undone last was done again by napari."""
        last = self._undone[-1].labels if self._undone else []
        if last and self._undone[-1].prompts is None and is_change(last[0]):
            for change in last[1:]:
                change.redo()
            self._done.append(self._undone.pop())
            self._note_change()

    def _push(self, step: Step) -> None:
        self._undone.clear()
        if not any(step is done for done in self._done):
            self._done.append(step)
        del self._done[:-STEPS]
        while len(self._done) > 1 and sum(done.size for done in self._done) > BYTES:
            del self._done[0]
        self._note_change()

    def _note_change(self) -> None:
        self.revision += 1
        self.changed.emit()
