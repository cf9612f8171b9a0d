"""Store: the folder of weights on this machine, and what others have put where we can use it."""

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_dir

from napari_sam.errors import ModelError

from .card import ModelCard, WeightsFile
from .catalogue import MODELS, find_card, unknown_model
from .checksum import is_published

IMPORTED = "imported"
"""Folder of the user's own models in the folder of the weights, one folder a model."""
RECORD = "model.json"
"""File in it that says what it is; it stands there from the moment when the model is whole."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


def default_root() -> Path:
    """Folder of this user's weights: ``NAPARI_SAM_MODELS``, or the platform's cache folder."""
    chosen = os.environ.get("NAPARI_SAM_MODELS", "").strip()
    if chosen:
        return Path(chosen).expanduser()
    return Path(user_cache_dir("napari-sam")) / "models"


def micro_sam_root() -> Path:
    """Folder in which micro-sam keeps its weights; it need not exist."""
    import pooch

    chosen = os.environ.get("MICROSAM_CACHEDIR") or pooch.os_cache("micro_sam")
    return Path(chosen).expanduser() / "models"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that is on this machine.

    Parameters
    ----------
    name : str
        Name to load it by.
    family : str
        Architecture; of an imported one as it was recognised.
    origin : {"built in", "downloaded", "micro-sam", "imported"}
        Where its weights are.
    weights : Path
        The weights.
    decoder : Path or None
        micro-sam's decoder, if that is a file of its own.
    card : ModelCard or None
        Its entry in the catalogue; None if it is the user's own.
    hashes : tuple of str or None
        What the files have to be, weights and decoder; None for those of the package.
    """

    name: str
    family: str
    origin: str
    weights: Path
    decoder: Path | None
    card: ModelCard | None
    hashes: tuple[str | None, ...]

    def files(self) -> Iterator[tuple[Path, str | None]]:
        """The files with their hashes."""
        paths = (self.weights, *([self.decoder] if self.decoder else []))
        return zip(paths, self.hashes, strict=True)


class ModelStore:
    """The weights that are on this machine.

    Parameters
    ----------
    root : Path, optional
        Our folder; the user's own by default. It need not exist.
    borrowed : Path, optional
        micro-sam's folder, which is read and never written to; the user's own by default.
    """

    def __init__(self, root: Path | None = None, borrowed: Path | None = None) -> None:
        self.root = default_root() if root is None else root
        self.borrowed = micro_sam_root() if borrowed is None else borrowed

    def find(self, name: str) -> StoredModel | None:
        """Look for a model, without reading its weights.

        Parameters
        ----------
        name : str
            As it is called in the catalogue, or as it was imported.

        Returns
        -------
        StoredModel or None
            None if it is not here, or not all of it.
        """
        card = find_card(name)
        return self._imported(name) if card is None else self._published(card)

    def get(self, name: str) -> StoredModel:
        """Find a model whose files are known to be whole and the published ones.

        Parameters
        ----------
        name : str
            As it is called in the catalogue, or as it was imported.

        Returns
        -------
        StoredModel

        Raises
        ------
        ModelError
            If there is no such model, or it is not here, or it is damaged.
        """
        card = find_card(name)
        if card is not None:
            return self._whole(card)
        model = self._imported(name)
        if model is None:
            raise unknown_model(name, tuple(self._imported_names()))
        for path, known in model.files():
            if known is not None and not self._is(path, known):
                raise ModelError(f"{path} is damaged: import {model.name} again, with --overwrite")
        return model

    def installed(self) -> list[StoredModel]:
        """List the models that are here: those of the catalogue first, then the user's own."""
        found: list[StoredModel | None] = [self._published(card) for card in MODELS.values()]
        for name in self._imported_names():
            with suppress(ModelError):  # one that is damaged says so when it is asked for
                found.append(self._imported(name))
        return [model for model in found if model is not None]

    def has(self, card: ModelCard, file: WeightsFile) -> Path | None:
        """Where a published file is; a damaged one, or one of another version, does not count.

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
            If it is there and cannot be read.
        """
        for path in self._candidates(card, file):
            if file.hash is None or self._is(path, file.hash):
                return path
        return None

    def path_of(self, file: WeightsFile) -> Path:
        """Where a published file belongs in our folder."""
        return self.root / file.name

    def folder_of(self, name: str) -> Path:
        """Where a model of the user's own belongs in our folder.

        Raises
        ------
        ModelError
            If it cannot be a name.
        """
        if not _NAME.fullmatch(name) or name.endswith("."):
            raise ModelError(
                f"{name!r} cannot be the name of a model: choose up to 64 letters, digits and "
                "._+- with --as"
            )
        return self.root / IMPORTED / name

    def _whole(self, card: ModelCard) -> StoredModel:
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
        there = [path for path in paths if path is not None]
        return self._stored(card, there) if len(there) == len(card.files) else None

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

    def _is(self, path: Path, known: str) -> bool:
        try:
            return is_published(path, known, self.root)
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
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            files = record["files"]
            paths = [folder / str(file["name"]) for file in files]
            hashes = tuple(str(file["hash"]) for file in files)
            family = str(record["family"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{folder / RECORD} cannot be used: delete {folder} and import {name} again"
            ) from error
        decoder = paths[1] if len(paths) > 1 else None
        return StoredModel(name, family, IMPORTED, paths[0], decoder, None, hashes)


def unwritable(path: Path, error: OSError) -> ModelError:
    """Say that weights cannot be written, and what to do.

    Parameters
    ----------
    path : Path
        The file or the folder.
    error : OSError
        What the system said.

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
