"""RemainingWork: part of a step of undo that stops the job which brings its labels; no Qt."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class RemainingWork:
    """Step of undo with the labels of a job: undoing them also stops the job.

    Parameters
    ----------
    stop : callable
        Stops the job.
    size : int
        Bytes that the step keeps in memory: none.
    """

    stop: Callable[[], None]
    size: int = 0

    def undo(self) -> bool:
        """Stop the job, so that no more labels come."""
        self.stop()
        return True

    def redo(self) -> None:
        """Do nothing: the labels come back by their own step, and the job stays stopped."""
