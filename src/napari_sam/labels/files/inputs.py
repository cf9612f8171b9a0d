"""Inputs: files and folders read by a command, protected from its outputs."""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from napari_sam.errors import OutputError
from napari_sam.image.companions import companion_files

from .image_group import LABELS, is_zarr

Identity = tuple[int, int] | str
"""Device and inode of a file or folder that exists; otherwise the path without links."""

_SAME = "{output} is the {role} itself{alias}: choose another name for the output"
_PART = "{output} is a part of the {role} {path}: choose another name for the output"
_AROUND = (
    "{output} holds the {role} {path}, which would be lost: choose another name for the output"
)
_INSIDE = "{output} is inside the {role} {path}: choose a place outside it for the output"


_TWICE = "{output} is named for two outputs{alias}: give each a name of its own"
_WITHIN = "{output} lies inside another output, {path}: choose a place outside it"


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

        Paths are compared by identity, through symbolic and hard links. A folder is replaced
        whole, so it may not hold an input. A zarr is read whole, so no output may lie inside,
        except in the ``labels`` folder of a group, where the format has label images. All files of
        an OME-TIFF in several files are inputs.

        Parameters
        ----------
        outputs : iterable of Path
            Files and folders that will be written, whether they exist or not.

        Raises
        ------
        OutputError
            If an output is an input or a part of one, holds one, or lies inside a zarr.
        """
        targets = list(outputs)
        refusals = {
            _SAME: {_identity(path): path for path in self.roles},
            _PART: self._parts({_identity(_real(path).parent) for path in targets}),
            _AROUND: self._around() if any(map(os.path.isdir, targets)) else {},
        }
        zarrs = {_identity(zarr): path for path in self.roles for zarr in _zarrs_around(path)}
        for output in targets:
            for sentence, inputs in refusals.items():
                self._refuse([output], inputs, sentence, output)
            if zarrs and not _is_place_for_labels(output):
                self._refuse(_real(output).parents, zarrs, _INSIDE, output)

    def _refuse(
        self,
        places: Iterable[Path],
        inputs: Mapping[Identity, Path],
        sentence: str,
        output: Path,
    ) -> None:
        """Raise OutputError about an output if the identity of a place is that of an input."""
        for identity in map(_identity, places):
            if (path := inputs.get(identity)) is not None:
                alias = "" if path == output else f" ({path})"
                raise OutputError(
                    sentence.format(output=output, role=self.roles[path], path=path, alias=alias)
                )

    def _parts(self, folders: Collection[Identity]) -> dict[Identity, Path]:
        """Identity of each further file of an image in several files -> the image.

        Only images in `folders` are opened: the files of an image are in one folder.
        """
        images = [path for path in self.roles if os.path.isfile(path)]
        near = [path for path in images if _identity(_real(path).parent) in folders]
        return {_identity(part): path for path in near for part in companion_files(path)}

    def _around(self) -> dict[Identity, Path]:
        """Identity of each folder around an input that exists -> the input."""
        existing = [path for path in self.roles if os.path.exists(path)]
        folders = {folder: path for path in existing for folder in _real(path).parents}
        return {_identity(folder): path for folder, path in folders.items()}


def _zarrs_around(path: Path) -> list[Path]:
    """Zarr at a path, with the plate, collection or image that it is a part of."""
    folders = (path, *_real(path).parents)
    return list(takewhile(is_zarr, folders))


def check_distinct(outputs: Iterable[Path]) -> None:
    """Refuse outputs of a command of which the later would replace the earlier.

    Parameters
    ----------
    outputs : iterable of Path
        Files and folders that will be written, whether they exist or not.

    Raises
    ------
    OutputError
        If two of them are the same file, through links too, or one lies inside another.
    """
    targets: dict[Identity, Path] = {}
    for output in outputs:
        if (other := targets.setdefault(_identity(output), output)) is not output:
            alias = "" if other == output else f" ({other})"
            raise OutputError(_TWICE.format(output=output, alias=alias))
    for output in targets.values():
        for folder in _real(output).parents:
            if (around := targets.get(_identity(folder))) is not None:
                raise OutputError(_WITHIN.format(output=output, path=around))


def _identity(path: Path) -> Identity:
    try:
        status = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    # some network disks number no files
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_place_for_labels(path: Path) -> bool:
    """Whether a path is ``<group>/labels/<name>`` in a zarr group."""
    folder = _real(path).parent
    return folder.name == LABELS and is_zarr(folder.parent)
