"""Import: a file that the user has, the published one or their own, into the folder of weights."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.errors import ModelError

from .card import ModelCard, WeightsFile
from .catalogue import find_by_hash, find_card
from .checksum import file_hash, stamp
from .store import RECORD, ModelStore, unwritable

if TYPE_CHECKING:
    from napari_sam.model.config import ModelConfig

_FORMAT = 1


def import_weights(
    weights: Path,
    *,
    name: str | None = None,
    decoder: Path | None = None,
    store: ModelStore | None = None,
    overwrite: bool = False,
) -> str:
    """Copy weights into the folder of weights, so that they are loaded by name.

    A published file is recognised by its hash, whatever it is called, and stands then where a
    download would have put it: the way to install a model without a network. Anything else is a
    model of the user's own; it must be readable without running code and of a known family.

    Parameters
    ----------
    weights : Path
        A PyTorch or safetensors file; it is copied and stays as it is.
    name : str, optional
        Name to load it by; by default that of the published model, or that of the file.
    decoder : Path, optional
        micro-sam's decoder for it, if that is a file of its own.
    store : ModelStore, optional
        The folder of weights; the user's own by default.
    overwrite : bool
        Replace an imported model of the same name.

    Returns
    -------
    str
        The name to load it by.

    Raises
    ------
    ModelError
        If the file cannot be used, the name is taken, or the copy cannot be written.
    """
    store = ModelStore() if store is None else store
    files = [weights] if decoder is None else [weights, decoder]
    known = [_published(file) for file in files]
    wanted = None if name is None else find_card(name)
    card = _one_card(known)
    if card is not None and (name is None or wanted is card):
        for file, (_, place) in zip(files, filter(None, known), strict=True):
            _install(file, place, store)
        return card.name
    chosen = weights.stem if name is None else name
    if (taken := wanted or find_card(chosen)) is not None:
        raise _not_the_published(weights, taken)
    return _import_own(files, chosen, store, overwrite=overwrite)


def _one_card(known: list[tuple[ModelCard, WeightsFile] | None]) -> ModelCard | None:
    """The published model that all files are of, if there is one."""
    cards = {found[0].name if found else None for found in known}
    return known[0][0] if known[0] is not None and len(cards) == 1 else None


def _published(file: Path) -> tuple[ModelCard, WeightsFile] | None:
    try:
        return find_by_hash({file_hash(file, kind) for kind in ("sha256", "xxh128")})
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror or error})") from error


def _not_the_published(file: Path, card: ModelCard) -> ModelError:
    return ModelError(
        f"{file.name} is not the file that is published as {card.name} (its hash differs): import "
        f"it under a name of its own, such as --as my-{card.name}"
    )


def _install(source: Path, file: WeightsFile, store: ModelStore) -> None:
    target = store.path_of(file)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.import")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, partial)
        os.replace(partial, target)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    stamp(target, file.hash or "", store.root)


def _import_own(files: list[Path], name: str, store: ModelStore, *, overwrite: bool) -> str:
    folder = store.folder_of(name)
    if folder.exists() and not overwrite:
        raise ModelError(
            f"a model {name} has been imported before: choose another name with --as, or replace "
            "it with --overwrite"
        )
    family = _family(files, name)
    with _replacing(folder) as partial:
        names = [
            part + file.suffix for part, file in zip(("weights", "decoder"), files, strict=False)
        ]
        entries = []
        for file, copy in zip(files, names, strict=True):
            _copy(file, partial / copy)
            digest = file_hash(partial / copy, "sha256")
            entries.append({"name": copy, "original": file.name, "hash": digest})
        record = {"format": _FORMAT, "name": name, "family": family, "files": entries}
        (partial / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    for entry in entries:
        stamp(folder / entry["name"], entry["hash"], store.root)
    return name


def _family(files: list[Path], name: str) -> str:
    """Which architecture the weights are of; refuses what could not be loaded later."""
    from .load import read_model

    return family_of(read_model(files[0], files[1] if len(files) > 1 else None, name).config)


def family_of(config: "ModelConfig") -> str:
    """Tell the family of an architecture.

    Parameters
    ----------
    config : ModelConfig
        The architecture.

    Returns
    -------
    str
        As the catalogue calls it.
    """
    if config.instance_decoder:
        return "micro-sam"
    trunk = type(config.trunk).__name__
    if trunk == "TinyVitConfig":
        return "mobile-sam"
    if config.memory is not None:
        return "sam2" if trunk == "HieraConfig" else "efficient-tam"
    return "sam1" if getattr(config.trunk, "relative_positions", False) else "cells"


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of another one when the block ends well."""
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.import")
    old = partial.with_suffix(".old")
    try:
        partial.mkdir(parents=True)
        yield partial
        if folder.exists():
            os.replace(folder, old)
        try:
            os.replace(partial, folder)
        except OSError:
            if old.exists():
                os.replace(old, folder)
            raise
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("r+b") as file:  # otherwise a power cut may leave an empty file
        os.fsync(file.fileno())
