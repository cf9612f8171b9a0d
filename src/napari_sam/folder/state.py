"""State: the stage of each image of a folder, and the image that the user was at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum


class Stage(Enum):
    """How far the work on an image has come."""

    UNTOUCHED = "untouched"
    """Its labels were not changed here."""
    BEGUN = "begun"
    """Its labels were changed and saved."""
    DONE = "done"
    """The user said so."""


@dataclass(frozen=True, slots=True)
class ImageState:
    """State of an image.

    Parameters
    ----------
    stage : Stage
        How far the work has come.
    flagged : bool
        Whether the user marked it to come back to.
    problem : str
        Why it could not be opened; empty for an image that can, or was not tried.
    part_of : str
        Name of the image that it is a file of, as in OME-TIFF sets; empty for an image of its own.
    """

    stage: Stage = Stage.UNTOUCHED
    flagged: bool = False
    problem: str = ""
    part_of: str = ""


UNTOUCHED = ImageState()


@dataclass(frozen=True, slots=True)
class FolderState:
    """State of all images of a folder.

    Parameters
    ----------
    current : str
        Name of the image that the user is at; empty before the first.
    images : mapping of str to ImageState
        By name; also images that are gone meanwhile, which may come back.
    """

    current: str = ""
    images: Mapping[str, ImageState] = field(default_factory=dict)

    def of(self, name: str) -> ImageState:
        """State of an image; untouched for an image without an entry."""
        return self.images.get(name, UNTOUCHED)

    def changed(self, changes: Mapping[str, ImageState], current: str = "") -> "FolderState":
        """Copy with other states of some images, and at another image unless `current` is empty."""
        return replace(self, current=current or self.current, images={**self.images, **changes})

    def count(self, names: Sequence[str]) -> "Counts":
        """Numbers of images with these names."""
        states = [self.of(name) for name in names]
        return Counts(
            len(states),
            sum(state.stage is Stage.DONE for state in states),
            sum(state.flagged for state in states),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of images: all, done, and flagged."""

    all: int
    done: int
    flagged: int
