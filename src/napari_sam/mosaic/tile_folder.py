"""TileFolder: objects of finished tiles on disk, for going on after an interruption."""

import hashlib
import json
import os
import secrets
import shutil
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_sam.errors import OutputError
from napari_sam.file_names import shortened
from napari_sam.tiles.grid import Tile

from .tile_objects import TileObjects

_PLAN = "plan.json"
_LONGEST_NAME = 200  # bytes of an output's name in the name of the folder; disks take 255
_TILES_IN_MEMORY = 6  # the tiles around a place, which reading a region opens again and again


class TileFolder:
    """Objects by tile; a killed process loses only the tile under way.

    Several processes, on several machines, may fill one folder.

    Parameters
    ----------
    path : Path
        The folder; created if it is missing.
    plan : mapping
        JSON values that the objects of a tile depend on, from
        :func:`~napari_sam.mosaic.segment.plan_of`. Tiles of another plan are removed.
    join : bool
        Use only a folder that another process has created for this plan, as cluster workers do.

    Raises
    ------
    OutputError
        If the folder cannot be written, holds other files, or cannot be joined.
    """

    def __init__(self, path: Path, plan: Mapping[str, Any], *, join: bool = False) -> None:
        self.path, self.plan = path, dict(plan)
        self._recent: OrderedDict[str, tuple[TileObjects, bytes]] = OrderedDict()
        text = json.dumps(self.plan, sort_keys=True, indent=1)
        try:
            if join:
                self._join(text)
            else:
                self._claim(text)
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written ({error.strerror or error}): choose an output in a "
                "folder with room that you may write to"
            ) from error

    def _join(self, text: str) -> None:
        file = self.path / _PLAN
        if not file.is_file() or file.read_bytes() != text.encode():
            raise OutputError(
                f"a worker does not find the folder {self.path} of this run: choose an output on "
                "storage that the workers share, and run one command for it at a time"
            )

    def _claim(self, text: str) -> None:
        file = self.path / _PLAN
        if file.is_file():
            if file.read_bytes() == text.encode():
                return
            shutil.rmtree(self.path)
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise OutputError(f"{self.path} is not ours: move it away, or choose another output")
        self.path.mkdir(parents=True, exist_ok=True)
        _write(file, text.encode())

    def get(self, tile: Tile, digest: bytes | None = None) -> TileObjects | None:
        """The objects of a tile.

        Parameters
        ----------
        tile : Tile
            The tile.
        digest : bytes, optional
            Digest of the tile's pixels as they are now; without it, the pixels are not compared.

        Returns
        -------
        TileObjects or None
            None if the tile is not in the folder, had other pixels, or its file is damaged.
        """
        name = _name(tile)
        record = self._recent.get(name)
        if record is None:
            try:
                record = TileObjects.from_bytes(tile, (self.path / name).read_bytes())
            except (OSError, OutputError):  # the tile is segmented again
                return None
            self._recent[name] = record
            if len(self._recent) > _TILES_IN_MEMORY:
                self._recent.popitem(last=False)
        objects, stored_digest = record
        return objects if digest is None or digest == stored_digest else None

    def put(self, objects: TileObjects, digest: bytes) -> None:
        """Store the objects of a tile, with the digest of the tile's pixels.

        Raises
        ------
        OutputError
            If the disk is full or cannot be written.
        """
        name = _name(objects.tile)
        self._recent.pop(name, None)
        try:
            _write(self.path / name, objects.to_bytes(digest))
        except OSError as error:
            if not self.path.is_dir():
                raise OutputError(
                    f"{self.path} was removed by another run: run one command for an output at a "
                    "time"
                ) from error
            raise OutputError(
                f"{self.path} cannot be written ({error.strerror or error}): free space there and "
                "start the same command again; finished tiles are kept"
            ) from error


def tile_folder_of(output: Path) -> Path:
    """Folder for the tiles of an output, beside the output; a long name is cut."""
    name = shortened(output.name, _LONGEST_NAME)
    if name != output.name:  # names with the same beginning have folders of their own
        name += "." + hashlib.blake2b(os.fsencode(output.name), digest_size=4).hexdigest()
    return output.with_name(f".{name}.tiles")


def remove_tiles(path: Path) -> None:
    """Remove a folder of tiles, after the labels are saved; other folders are left alone."""
    if (path / _PLAN).is_file():
        shutil.rmtree(path, ignore_errors=True)


def _name(tile: Tile) -> str:
    return ".".join(map(str, tile.index)) + ".npz"


def _write(path: Path, data: bytes) -> None:
    """Write a file in a single step, never half-written."""
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
