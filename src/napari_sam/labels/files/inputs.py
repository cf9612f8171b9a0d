"""Inputs: files and folders that are read, which no output may replace."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_sam.errors import OutputError

from .image_group import LABELS, is_zarr

Identity = tuple[int, int] | str
"""Device and inode of a file or folder that exists; otherwise the path without links."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files and folders that a command or a call reads.

    Commands make the value from their arguments, writers from the path of the image.

    Parameters
    ----------
    roles : mapping of Path to str
        Noun for each input, for messages, such as ``image`` or ``file of points``. Inputs need not
        exist.
    """

    roles: Mapping[Path, str]

    def check(self, outputs: Iterable[Path]) -> None:
        """Refuse outputs that would replace an input; call this before any work.

        Paths are compared by identity, through symbolic and hard links. A folder such as a zarr is
        replaced whole, so an output may neither hold an input nor lie inside one. The ``labels``
        folder of a zarr group is the exception: the format has label images there.

        Parameters
        ----------
        outputs : iterable of Path
            Files and folders that will be written, whether they exist or not.

        Raises
        ------
        OutputError
            If an output is an input, holds one, or lies inside one.
        """
        targets = list(outputs)
        input_by_identity = {_identity(path): path for path in self.roles}
        input_by_folder = self._around() if any(path.is_dir() for path in targets) else {}
        inputs_are_files = not any(path.is_dir() for path in self.roles)
        for output in targets:
            identity = _identity(output)
            if (path := input_by_identity.get(identity)) is not None:
                raise OutputError(
                    f"{output} is the {self._named(path, output)}: choose another name for the "
                    "output"
                )
            if (path := input_by_folder.get(identity)) is not None:
                raise OutputError(
                    f"{output} holds the {self.roles[path]} {path}, which would be lost: choose "
                    "another name for the output"
                )
            if inputs_are_files or _is_place_for_labels(output):
                continue
            for folder in map(_identity, _parents(output)):
                if (path := input_by_identity.get(folder)) is not None:
                    raise OutputError(
                        f"{output} is inside the {self.roles[path]} {path}: choose a place outside "
                        "it for the output"
                    )

    def _around(self) -> dict[Identity, Path]:
        """Identity of each folder around an input that exists -> the input."""
        existing = [path for path in self.roles if path.exists()]
        folders = {folder: path for path in existing for folder in _parents(path)}
        return {_identity(folder): path for folder, path in folders.items()}

    def _named(self, path: Path, output: Path) -> str:
        """Role of an input in a message, with its path if the output has another."""
        alias = "" if path == output else f" ({path})"
        return f"{self.roles[path]} itself{alias}"


def _identity(path: Path) -> Identity:
    try:
        status = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    # some network disks number no files
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)


def _parents(path: Path) -> Iterable[Path]:
    return Path(os.path.realpath(path)).parents


def _is_place_for_labels(path: Path) -> bool:
    """Whether a path is ``<group>/labels/<name>`` in a zarr group."""
    folder = Path(os.path.realpath(path)).parent
    return folder.name == LABELS and is_zarr(folder.parent)
