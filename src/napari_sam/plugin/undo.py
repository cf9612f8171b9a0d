"""Undo: a short history of what the user did, each action one step; no Qt, nothing of napari's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(slots=True)
class Step:
    """What one action of the user changed.

    Parameters
    ----------
    prompts, labels : Change or None
        In the prompt layers and in the labels.
    """

    prompts: Change | None = None
    labels: Change | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return self.prompts is None and self.labels is None

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return sum(change.size for change in (self.prompts, self.labels) if change is not None)

    def undo(self) -> bool:
        """Take it back; says whether it can be done again."""
        return all([change.undo() for change in (self.labels, self.prompts) if change is not None])

    def redo(self) -> None:
        """Do it again."""
        for change in (self.prompts, self.labels):
            if change is not None:
                change.redo()


class History:
    """What can be taken back, newest last, and what was taken back."""

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._open: Step | None = None

    @contextmanager
    def one_action(self) -> Iterator[None]:
        """All that is added inside is one step."""
        outer, self._open = self._open, self._open or Step()
        try:
            yield
        finally:
            step, self._open = self._open, outer
            if outer is None and not step.empty:
                self._push(step)

    def add_prompts(self, change: Change) -> None:
        """Remember a change of the prompts."""
        with self.one_action():
            if self._open is not None:
                self._open.prompts = change

    def add_labels(self, change: Change) -> None:
        """Remember a change of the labels."""
        with self.one_action():
            if self._open is not None:
                self._open.labels = change

    @property
    def last_prompts(self) -> Change | None:
        """The newest step, if it is one of prompts alone."""
        alone = self._done and self._done[-1].labels is None
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
        step.labels = None
        if step.empty:
            del self._done[index]
        return True

    def add_undone(self, change: Change) -> None:
        """Note a change of the labels that was taken back without being known here."""
        self._undone.append(Step(labels=change))

    def _push(self, step: Step) -> None:
        self._undone.clear()
        self._done.append(step)
        del self._done[:-STEPS]
        while len(self._done) > 1 and sum(one.size for one in self._done) > BYTES:
            del self._done[0]
