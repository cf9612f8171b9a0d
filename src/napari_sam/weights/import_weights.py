"""Import of the user's files, published weights or fine-tuned ones, into the folder of weights."""

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
"""Version of the record of an imported model."""


def import_weights(
    weights: Path,
    *,
    name: str | None = None,
    decoder: Path | None = None,
    store: ModelStore | None = None,
    overwrite: bool = False,
) -> str:
    """Copy weights into the folder of weights, for loading by name.

    A published file is recognised by its hash, whatever its name, and copied to where a download
    would put it, which installs a model without a network. Any other file is a model of the user;
    it must be readable without running code and belong to a known family.

    Parameters
    ----------
    weights : Path
        A PyTorch or safetensors file; unchanged.
    name : str, optional
        Name to load the model by; by default that of the published model or of the file.
    decoder : Path, optional
        micro-sam's decoder of the model, if it is a separate file.
    store : ModelStore, optional
        The folder of weights; the user's own by default.
    overwrite : bool
        Replace an imported model of the same name.

    Returns
    -------
    str
        Name to load the model by.

    Raises
    ------
    ModelError
        If the file cannot be used, the name is taken, or the copy cannot be written.
    """
    store = ModelStore() if store is None else store
    files = [weights] if decoder is None else [weights, decoder]
    published = [_published(file) for file in files]
    namesake = None if name is None else find_card(name)
    card = _common_card(published)
    if card is not None and (name is None or namesake is card):
        for file, (_, entry) in zip(files, filter(None, published), strict=True):
            _install(file, entry, store)
        return card.name
    chosen = weights.stem if name is None else name
    if (namesake := namesake or find_card(chosen)) is not None:
        raise _not_the_published(weights, namesake)
    return _import_unpublished(files, chosen, store, overwrite=overwrite)


def _common_card(published: list[tuple[ModelCard, WeightsFile] | None]) -> ModelCard | None:
    """Published model of all files; None if the files belong to different models or none."""
    names = {entry[0].name if entry else None for entry in published}
    return published[0][0] if published[0] is not None and len(names) == 1 else None


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


def _import_unpublished(files: list[Path], name: str, store: ModelStore, *, overwrite: bool) -> str:
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
    """Family of the weights; raises `ModelError` for unloadable files."""
    from .load import read_model

    return family_of(read_model(files[0], files[1] if len(files) > 1 else None, name).config)


def family_of(config: "ModelConfig") -> str:
    """Family of an architecture, for the list of models.

    Parameters
    ----------
    config : ModelConfig
        The architecture.

    Returns
    -------
    str
        Name of the family in the catalogue.
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
    """Temporary folder, moved to ``folder`` at the end of the block unless an error occurs."""
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
    with target.open("r+b") as file:  # without it, a power cut may leave an empty file
        os.fsync(file.fileno())
