"""Store of installed weights: our folder, the package, and micro-sam's folder."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_dir

from napari_sam.document import parse_document
from napari_sam.errors import ModelError

from .card import ModelCard, WeightsFile
from .catalogue import MODELS, find_card, unknown_model
from .checksum import is_published

IMPORTED = "imported"
"""Folder of imported models within the folder of the weights, one folder for each model."""
RECORD = "model.json"
"""JSON file in the folder of an imported model: name, family, files and their hashes."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_FILE_NAME = re.compile(r"[^/\\\0]{1,255}")


def default_root() -> Path:
    """Folder of the user's weights: ``NAPARI_SAM_MODELS``, or the platform's cache folder."""
    chosen = os.environ.get("NAPARI_SAM_MODELS", "").strip()
    if chosen:
        return Path(chosen).expanduser()
    return Path(user_cache_dir("napari-sam")) / "models"


def micro_sam_root() -> Path:
    """Folder of micro-sam's weights, from ``MICROSAM_CACHEDIR`` or the default; may not exist."""
    import pooch

    chosen = os.environ.get("MICROSAM_CACHEDIR") or pooch.os_cache("micro_sam")
    return Path(chosen).expanduser() / "models"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """Model with all files on this machine.

    Parameters
    ----------
    name : str
        Name to load the model by.
    family : str
        Architecture; for an imported model, the one recognised at the import.
    origin : {"built in", "downloaded", "micro-sam", "imported"}
        Place of the weights: package, our folder, micro-sam's folder, folder of imports.
    weights : Path
        File of the weights.
    decoder : Path or None
        File of micro-sam's decoder, if it is separate.
    card : ModelCard or None
        Entry of the model in the catalogue; None for an imported model.
    hashes : tuple of str or None
        Expected hashes of weights and decoder; None for files of the package.
    """

    name: str
    family: str
    origin: str
    weights: Path
    decoder: Path | None
    card: ModelCard | None
    hashes: tuple[str | None, ...]

    def files(self) -> Iterator[tuple[Path, str | None]]:
        """Pairs of file and expected hash."""
        paths = (self.weights, *([self.decoder] if self.decoder else []))
        return zip(paths, self.hashes, strict=True)


@dataclass(frozen=True, slots=True)
class _File:
    """A file of an imported model, in the folder of its record, with its hash."""

    name: str
    hash: str

    def __post_init__(self) -> None:
        if not _FILE_NAME.fullmatch(self.name):
            raise ValueError("not the name of a file")
        if self.hash.partition(":")[0] not in ("sha256", "xxh128"):
            raise ValueError("the hash is neither sha256: nor xxh128:")


@dataclass(frozen=True, slots=True)
class _Record:
    """Content of `RECORD`, written by :mod:`.import_weights`: the weights, then the decoder."""

    family: str
    files: list[_File]

    def __post_init__(self) -> None:
        if len(self.files) not in (1, 2):
            raise ValueError("a model has one file, or two with its decoder")


class ModelStore:
    """Store of installed weights, for loading, listing and downloading.

    Parameters
    ----------
    root : Path, optional
        Our folder; :func:`default_root` by default. May not exist.
    borrowed : Path, optional
        micro-sam's folder, read but never written to; :func:`micro_sam_root` by default.
    """

    def __init__(self, root: Path | None = None, borrowed: Path | None = None) -> None:
        self.root = default_root() if root is None else root
        self.borrowed = micro_sam_root() if borrowed is None else borrowed

    def find(self, name: str) -> StoredModel | None:
        """Look for a model by name without reading or hashing files.

        Parameters
        ----------
        name : str
            Name in the catalogue, or of an imported model.

        Returns
        -------
        StoredModel or None
            None if the model, or one of its files, is not on this machine.
        """
        card = find_card(name)
        return self._imported(name) if card is None else self._published(card)

    def get(self, name: str) -> StoredModel:
        """Find a model and verify the hashes of the files.

        Parameters
        ----------
        name : str
            Name in the catalogue, or of an imported model.

        Returns
        -------
        StoredModel

        Raises
        ------
        ModelError
            If there is no such model, or its files are missing or damaged.
        """
        card = find_card(name)
        if card is not None:
            return self._verified(card)
        model = self._imported(name)
        if model is None:
            raise unknown_model(name, tuple(self._imported_names()))
        for path, digest in model.files():
            if digest is not None and not self._is(path, digest):
                raise ModelError(f"{path} is damaged: import {model.name} again, with --overwrite")
        return model

    def installed(self) -> list[StoredModel]:
        """List the installed models: catalogue first, then imported models."""
        models: list[StoredModel | None] = [self._published(card) for card in MODELS.values()]
        for name in self._imported_names():
            with suppress(ModelError):  # a damaged model is left out; loading it says why
                models.append(self._imported(name))
        return [model for model in models if model is not None]

    def has(self, card: ModelCard, file: WeightsFile) -> Path | None:
        """Path of a file with the published hash; damaged and other versions are passed over.

        Parameters
        ----------
        card : ModelCard
            The model.
        file : WeightsFile
            One of its files.

        Returns
        -------
        Path or None

        Raises
        ------
        ModelError
            If the file exists and cannot be read.
        """
        for path in self._candidates(card, file):
            if file.hash is None or self._is(path, file.hash):
                return path
        return None

    def path_of(self, file: WeightsFile) -> Path:
        """Path for the download of a published file."""
        return self.root / file.name

    def folder_of(self, name: str) -> Path:
        """Folder for an imported model.

        Raises
        ------
        ModelError
            If the name has other characters than letters, digits and ``._+-``.
        """
        if not _NAME.fullmatch(name) or name.endswith("."):
            raise ModelError(
                f"{name!r} cannot be the name of a model: choose up to 64 letters, digits and ._+-"
            )
        return self.root / IMPORTED / name

    def _verified(self, card: ModelCard) -> StoredModel:
        paths = [self.has(card, file) for file in card.files]
        missing = [file for file, path in zip(card.files, paths, strict=True) if path is None]
        if missing:
            damaged = [file.name for file in missing if self.path_of(file).exists()]
            state = f"damaged ({', '.join(damaged)})" if damaged else "not on this machine yet"
            raise ModelError(
                f"{card.name} is {state}: run napari-sam models download {card.name} "
                f"({sum(file.bytes for file in missing) / 1e6:.0f} MB)"
            )
        return self._stored(card, [path for path in paths if path is not None])

    def _published(self, card: ModelCard) -> StoredModel | None:
        paths = [next(self._candidates(card, file), None) for file in card.files]
        present = [path for path in paths if path is not None]
        return self._stored(card, present) if len(present) == len(card.files) else None

    def _stored(self, card: ModelCard, paths: list[Path]) -> StoredModel:
        weights, decoder = paths[0], paths[1] if len(paths) > 1 else None
        origins = {self.borrowed: "micro-sam", self.root: "downloaded"}
        origin = "built in" if card.in_package else origins[weights.parent]
        hashes = tuple(file.hash for file in card.files)
        return StoredModel(card.name, card.family, origin, weights, decoder, card, hashes)

    def _candidates(self, card: ModelCard, file: WeightsFile) -> Iterator[Path]:
        if card.in_package:
            yield Path(__file__).with_name(file.name)
            return
        part = "_decoder" if file is card.decoder else ""
        for path in (self.path_of(file), self.borrowed / f"{card.name}{part}"):
            if path.is_file():
                yield path

    def _is(self, path: Path, digest: str) -> bool:
        try:
            return is_published(path, digest, self.root)
        except OSError as error:
            raise ModelError(f"{path} cannot be read ({error.strerror or error})") from error

    def _imported_names(self) -> list[str]:
        try:
            names = os.listdir(self.root / IMPORTED)
        except OSError:
            return []
        return sorted(name for name in names if _NAME.fullmatch(name))

    def _imported(self, name: str) -> StoredModel | None:
        if not _NAME.fullmatch(name):
            return None
        folder = self.root / IMPORTED / name
        advice = f"delete {folder} and import {name} again"
        try:
            content = (folder / RECORD).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ModelError(f"{folder / RECORD} cannot be used: {advice}") from error
        record = parse_document(_Record, content, str(folder / RECORD), ModelError, advice)
        paths = [folder / file.name for file in record.files]
        hashes = tuple(file.hash for file in record.files)
        decoder = paths[1] if len(paths) > 1 else None
        return StoredModel(name, record.family, IMPORTED, paths[0], decoder, None, hashes)


def unwritable(path: Path, error: OSError) -> ModelError:
    """Error for a failed write of weights, with advice to free space or change folders.

    Parameters
    ----------
    path : Path
        File or folder.
    error : OSError
        Error of the operating system.

    Returns
    -------
    ModelError
        To be raised.
    """
    reason = error.strerror or type(error).__name__
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    advice = "free space there, or choose" if full else "choose"
    return ModelError(
        f"{path} cannot be written ({reason}): {advice} another folder for weights "
        "(NAPARI_SAM_MODELS)"
    )
