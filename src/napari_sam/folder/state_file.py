"""State file: a JSON document beside the labels, replaced as a whole and never lost."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from napari_sam.document import parse_document
from napari_sam.errors import NapariSamError, OutputError, reason
from napari_sam.labels.files.atomic import replacing, unwritable

from .state import UNTOUCHED, FolderState, ImageState

NAME = "napari-sam-folder.json"
"""Name of the document."""

VERSION = 1
"""Version of the document; older programs leave documents of later versions alone."""


@dataclass(frozen=True, slots=True)
class _Header:
    """Version and folder of the images, in documents of all versions."""

    version: int
    images_in: str


@dataclass(frozen=True, slots=True)
class _Document(_Header):
    """Content of the file."""

    current: str = ""
    images: dict[str, ImageState] = field(default_factory=dict)


class _DamagedError(NapariSamError):
    """The document cannot be parsed."""


class StateFile:
    """Reads and writes the state of a folder of images.

    Parameters
    ----------
    place : Path
        Folder of the labels.
    root : Path
        Folder of the images: a document of another folder is refused.

    Attributes
    ----------
    path : Path
        The document.
    """

    def __init__(self, place: Path, root: Path) -> None:
        self.path = place / NAME
        self._root = _relative(root, place)

    def read(self) -> tuple[FolderState, str]:
        """Read the state.

        Returns
        -------
        FolderState
            Empty without a document.
        str
            A sentence if the document was damaged: then it was set aside under another name, and
            the work begins anew; empty otherwise.

        Raises
        ------
        OutputError
            If the document is of another folder or of a later version, or cannot be read or set
            aside.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return FolderState(), ""
        except OSError as error:
            raise OutputError(f"{self.path} cannot be read: {reason(error)}") from error
        try:
            self._check(parse_document(_Header, content, str(self.path), _DamagedError))
            document = parse_document(_Document, content, str(self.path), _DamagedError)
        except _DamagedError as damage:
            aside = self._set_aside()
            return FolderState(), f"{damage}: it is {aside.name} now, and all images are untouched"
        return FolderState(document.current, document.images), ""

    def write(
        self, state: FolderState, changes: Mapping[str, ImageState], current: str = ""
    ) -> FolderState:
        """Change the states of some images in the document; states of other writers stay.

        Parameters
        ----------
        state : FolderState
            As it was read or written last; used where the document is gone or damaged.
        changes : mapping of str to ImageState
            By name of the image.
        current : str
            Name of the image that the user is at from now on; empty for no change.

        Returns
        -------
        FolderState
            What the document holds now.

        Raises
        ------
        OutputError
            If it cannot be written; the document is as it was then.
        """
        stored, damage = self.read()
        is_usable = os.path.lexists(self.path) and not damage
        new = (stored if is_usable else state).changed(changes, current)
        document = _Document(VERSION, self._root, new.current, dict(new.images))
        text = json.dumps(_plain(document), indent=0)
        with replacing(self.path) as partial:
            partial.write_text(text, encoding="utf-8")
        return new

    def _check(self, header: _Header) -> None:
        if header.version > VERSION:
            raise OutputError(
                f"{self.path} was written by a newer napari-sam: update this one, or choose "
                "another place for the labels"
            )
        if header.images_in != self._root:
            raise OutputError(
                f"{self.path.parent} has the labels of other images, those of {header.images_in}: "
                "choose another place for the labels"
            )

    def _set_aside(self) -> Path:
        number = 1
        while os.path.lexists(aside := self.path.with_name(f"{NAME}.damaged-{number}")):
            number += 1
        try:
            os.rename(self.path, aside)
        except OSError as error:
            raise OutputError(unwritable(aside, error)) from error
        return aside


def _plain(document: _Document) -> dict[str, object]:
    """JSON values of the document; fields at their default are left out."""
    default = asdict(UNTOUCHED)
    images = {
        name: {
            key: value if key != "stage" else state.stage.value
            for key, value in asdict(state).items()
            if value != default[key]
        }
        for name, state in document.images.items()
    }
    return {
        "version": document.version,
        "images_in": document.images_in,
        "current": document.current,
        "images": images,
    }


def _relative(root: Path, place: Path) -> str:
    """Path of the images from the labels: the two folders may be moved together."""
    try:
        return Path(os.path.relpath(root, place)).as_posix()
    except ValueError:  # another drive
        return root.as_posix()
