"""Inputs: files of a recipe, found on this machine and compared with the recipe."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import typer

from napari_sam.cli.report import warn
from napari_sam.errors import RecipeError

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume
    from napari_sam.recipe.inputs import FileRecord, ImageRecord


@dataclass(frozen=True, slots=True)
class Inputs:
    """Places of the files of a recipe on this machine.

    Parameters
    ----------
    moved : mapping of str to str
        End of a path in the recipe, or a role such as ``image``, to the path here.
    folder : Path or None
        Folder in which files of the recipe are looked for by the ends of their paths.
    force : bool
        Whether other content than that of the recipe is only warned of.
    """

    moved: Mapping[str, str]
    folder: Path | None
    force: bool

    @classmethod
    def of(cls, pairs: Sequence[str], folder: Path | None, *, force: bool) -> "Inputs":
        """Read the options ``--input OLD=NEW`` and ``--inputs FOLDER``.

        Raises
        ------
        typer.BadParameter
            If a pair has no ``=``, or the folder is none.
        """
        for pair in pairs:
            if not all(pair.partition("=")[::2]):
                raise typer.BadParameter(f"--input takes OLD=NEW, such as a.tif=b.tif, not {pair}")
        if folder is not None and not os.path.isdir(folder):
            raise typer.BadParameter(f"--inputs takes a folder: {folder} is none")
        return cls(dict(pair.split("=", 1) for pair in pairs), folder, force)

    def path(self, file: "FileRecord") -> str:
        """Path of a file here, or its URL.

        Raises
        ------
        RecipeError
            If the file is not where the options or the recipe say.
        """
        path = self._moved(file) or self._in_folder(file) or file.path
        if path and ("://" in path or os.path.exists(path)):
            return path
        name = path or f"the {file.role} was an array in memory: its file"
        old = PurePosixPath(file.path).name or file.role
        raise RecipeError(
            f"the {file.role} of the recipe is not there ({name}): say where it is with "
            f"--input {old}=FILE or --inputs FOLDER"
        )

    def checked_file(self, file: "FileRecord") -> str:
        """Path of a file here, with the content that the recipe says.

        Raises
        ------
        RecipeError
            If it is not there, or has other content and `force` is off.
        """
        from napari_sam.recipe.identity import identify_file

        path = self.path(file)
        if "://" not in path and os.path.isfile(path):
            self.accept(identify_file(Path(path), file.role).digest == file.digest, path, file.role)
        return path

    def checked_volume(self, volume: "Volume", image: "ImageRecord", path: str) -> None:
        """Compare an opened image with that of the recipe.

        Raises
        ------
        RecipeError
            If it has other content and `force` is off, or another shape.
        """
        from napari_sam.recipe.identity import is_same_image

        shape = tuple(volume.data.shape)
        if shape != image.shape:
            raise RecipeError(
                f"{path} is of shape {shape}, and the image of the recipe of {image.shape}: give "
                "the image of the recipe with --input"
            )
        self.accept(is_same_image(volume, image.file), path, "image")

    def accept(self, is_same: bool, path: str, role: str) -> None:
        """Go on with an input; with other content only if forced, and with a warning.

        Raises
        ------
        RecipeError
            If the content is another and `force` is off.
        """
        if is_same:
            return
        line = f"{path} is not the {role} of the recipe: its content is another"
        if not self.force:
            raise RecipeError(f"{line}; give that of the recipe with --input, or add --force")
        warn(line)

    def names(self, file: "FileRecord") -> bool:
        """Whether an option says where a file is."""
        return bool(self._moved(file))

    def _moved(self, file: "FileRecord") -> str:
        """Path that an option says for a file; empty without one."""
        for old, new in self.moved.items():
            end = PurePosixPath(old.replace("\\", "/")).parts
            if old == file.role or PurePosixPath(file.path).parts[-len(end) :] == end:
                return new
        return ""

    def _in_folder(self, file: "FileRecord") -> str:
        """Path in the folder whose end is the longest end of the file's path; empty if none."""
        parts = PurePosixPath(file.path.replace("\\", "/")).parts
        for count in range(len(parts), 0, -1):
            end = [part for part in parts[-count:] if part not in ("/", "..")]
            if self.folder is not None and end and os.path.exists(self.folder.joinpath(*end)):
                return str(self.folder.joinpath(*end))
        return ""
