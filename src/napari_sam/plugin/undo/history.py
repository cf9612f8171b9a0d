"""Undo: a short history of what the user did, each action one step; no Qt, nothing of napari's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

STEPS = 100
"""Steps that are remembered; napari remembers as many changes of a Labels layer."""

BYTES = 1 << 28
"""What all of them together may take; the oldest are forgotten first."""


class Change(Protocol):
    """Something that can be taken back and done again."""

    @property
    def size(self) -> int:
        """How many bytes it takes."""

    def undo(self) -> bool:
        """Take it back; says whether it can be done again."""

    def redo(self) -> None:
        """Do it again."""


@dataclass(slots=True, eq=False)
class Step:
    """What one action of the user changed.

    Parameters
    ----------
    prompts : Change, optional
        In the prompt layers.
    labels : list of Change
        In the labels, one after the other: a label may come when the user does other things.
    """

    prompts: Change | None = None
    labels: list[Change] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return not self.changes

    @property
    def changes(self) -> list[Change]:
        """All that changed, in order."""
        return [*([] if self.prompts is None else [self.prompts]), *self.labels]

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return sum(change.size for change in self.changes)

    def undo(self) -> bool:
        """Take it back; says whether it can be done again."""
        return all([change.undo() for change in reversed(self.changes)])

    def redo(self) -> None:
        """Do it again."""
        for change in self.changes:
            change.redo()


class History:
    """What can be taken back, newest last, and what was taken back."""

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._open: Step | None = None

    @contextmanager
    def one_action(self, begun: Step | None = None) -> Iterator[Step]:
        """All that is added inside is one step.

        Parameters
        ----------
        begun : Step, optional
            Of an action that goes on: no new step, unless it was taken back or labels changed in
            other steps since, for they are taken back in the order in which they came.

        Yields
        ------
        Step
            To go on with later.
        """
        outer = self._open
        step = self._open = outer or self._going_on(begun) or Step()
        before = step.changes
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

    def add_prompts(self, change: Change) -> None:
        """Remember a change of the prompts."""
        with self.one_action() as step:
            step.prompts = change

    def add_labels(self, change: Change) -> None:
        """Remember a change of the labels."""
        with self.one_action() as step:
            step.labels.append(change)

    @property
    def last_prompts(self) -> Change | None:
        """The newest step, if it is one of prompts alone."""
        alone = self._done and not self._done[-1].labels
        return self._done[-1].prompts if alone else None

    def forget_last(self) -> None:
        """Forget the newest step, which became void."""
        self._done.pop()

    def undo(self) -> bool:
        """Take the newest step back; False if there is none."""
        if not self._done:
            return False
        step = self._done.pop()
        if step.undo():
            self._undone.append(step)
        return True

    def redo(self) -> bool:
        """Do again what was taken back last; False if there is nothing."""
        if not self._undone:
            return False
        step = self._undone.pop()
        step.redo()
        self._done.append(step)
        return True

    def undo_labels(self) -> bool:
        """Take the newest change of the labels back, whatever happened to prompts since.

        The prompts stay as they are; what became of them with that change is a step of its own
        from now on.
        """
        index = max((i for i, step in enumerate(self._done) if step.labels), default=-1)
        if index < 0:
            return False
        step = self._done[index]
        alone = Step(labels=step.labels)
        if alone.undo():
            self._undone.append(alone)
        step.labels = []
        if step.empty:
            del self._done[index]
        return True

    def add_undone(self, change: Change) -> None:
        """Note a change of the labels that was taken back without being known here."""
        self._undone.append(Step(labels=[change]))

    def _push(self, step: Step) -> None:
        self._undone.clear()
        if not any(step is one for one in self._done):
            self._done.append(step)
        del self._done[:-STEPS]
        while len(self._done) > 1 and sum(one.size for one in self._done) > BYTES:
            del self._done[0]
