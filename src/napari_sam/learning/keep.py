"""Keep: deltas in a folder, each in a file named by the hash of its content."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from napari_sam.errors import LearningError

from .delta import Delta, load_delta


def delta_hash(delta: Delta) -> str:
    """Hash of a delta: origin, names and values.

    Returns
    -------
    str
        32 hexadecimal digits; equal deltas have equal hashes.
    """
    origin = json.dumps(asdict(delta.origin), sort_keys=True)
    digest = hashlib.blake2b(origin.encode(), digest_size=16)
    for name, difference in sorted(delta.tensors.items()):
        digest.update(name.encode())
        digest.update(difference.tobytes())
    return digest.hexdigest()


def keep(delta: Delta, folder: Path) -> str:
    """Write a delta into a folder, unless the folder has the delta.

    Parameters
    ----------
    delta : Delta
        The delta.
    folder : Path
        The folder, made if missing; the plugin keeps deltas beside its journals.

    Returns
    -------
    str
        :func:`delta_hash`, for :func:`read_delta`.

    Raises
    ------
    LearningError
        If the file cannot be written.
    """
    digest = delta_hash(delta)
    path = delta_path(folder, digest)
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LearningError(f"{folder} cannot be made ({error}): choose another") from error
        delta.save(path)
    return digest


def delta_path(folder: Path, digest: str) -> Path:
    """Path of the delta with a hash."""
    return folder / f"{digest}.safetensors"


def read_delta(folder: Path, digest: str) -> Delta:
    """Read a delta that :func:`keep` wrote.

    Raises
    ------
    LearningError
        If there is no such file, or its content has another hash.
    """
    path = delta_path(folder, digest)
    delta = load_delta(path)
    if delta_hash(delta) != digest:
        raise LearningError(f"{path} is damaged: learn again")
    return delta
