"""Object changes: undo and redo of begun and ended objects; no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from .accept_later import AcceptLater
from .current_object import CurrentObject


class Keeper(Protocol):
    """Has the objects under way."""

    def bring_back(self, ended: Mapping[int, CurrentObject], current: int) -> None:
        """Let ended objects be under way again; `current` gets the clicks."""

    def put_away(self, ended: Mapping[int, CurrentObject], current: int | None = None) -> None:
        """End objects without prompts; `current` gets the clicks."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelPickedUp:
    """Begin of an object by picking up a label.

    Parameters
    ----------
    keeper : Keeper
        Has the objects.
    begun : CurrentObject
        The object.
    before : int
        Number of the object that clicks belonged to.
    size : int
        Bytes that the history counts for the step: 0, because the labels hold the pixels too.
    """

    keeper: Keeper
    begun: CurrentObject
    before: int
    size: int = 0

    def undo(self) -> bool:
        """End the object; the label stays unchanged."""
        self.keeper.put_away({self.begun.number: self.begun}, self.before)
        return True

    def redo(self) -> None:
        """Let the object be under way again."""
        self.keeper.bring_back({self.begun.number: self.begun}, self.begun.number)


@dataclass(frozen=True, slots=True, eq=False)
class ObjectsEnded:
    """End of objects by accept or drop.

    Parameters
    ----------
    keeper : Keeper
        Has the objects.
    later : AcceptLater
        Knows which of them still wait for their label.
    ended : mapping of int to CurrentObject
        The objects by number.
    current : int
        Number of the object that clicks belonged to.
    """

    keeper: Keeper
    later: AcceptLater
    ended: Mapping[int, CurrentObject]
    current: int

    @property
    def empty(self) -> bool:
        """Whether no object with masks or prompts ended."""
        return not self.ended

    @property
    def size(self) -> int:
        """Bytes of the masks of the objects."""
        return sum(each.nbytes for each in self.ended.values())

    def undo(self) -> bool:
        """Let the objects be under way again; whether redo is possible.

        Redo is not possible if the label of an accepted object was still to come: undo withdraws
        the acceptance.
        """
        not_come = [self.later.take_back(each) for each in self.ended.values()]
        self.keeper.bring_back(self.ended, self.current)
        return not any(not_come)

    def redo(self) -> None:
        """End the objects again."""
        self.keeper.put_away(self.ended)
