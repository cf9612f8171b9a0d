"""CacheSpec: what has to be the same for a stored embedding to be used again."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

FORMAT_VERSION = 1
"""Raised when the layout on disk changes; older groups are then left to the byte budget."""


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """Identity and layout of the embeddings of one image under one model and intensity mapping.

    Parameters
    ----------
    image : str
        Identity of the image, such as its path. It need not say anything about the pixels: those
        are compared tile by tile.
    model : str
        Name of the model, for people.
    weights_hash : str
        Fingerprint of the weights, for certainty.
    intensity : str
        Key of the intensity mapping.
    tile_size, overlap : int
        Of the tile grid, image pixels.
    grid_shape : tuple of int
        ``(*plane_shape, rows, cols)``: how many tiles there are along each axis.
    arrays : mapping of str to tuple of int
        Name of each array of an embedding -> its shape for one tile.
    version : int
        Version of the layout on disk.

    Raises
    ------
    ValueError
        If there is no array, a name cannot be a folder, or a shape is not positive.
    """

    image: str
    model: str
    weights_hash: str
    intensity: str
    tile_size: int
    overlap: int
    grid_shape: tuple[int, ...]
    arrays: Mapping[str, tuple[int, ...]]
    version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        """Check the shapes and bring the arrays into one order."""
        arrays = {name: tuple(int(n) for n in self.arrays[name]) for name in sorted(self.arrays)}
        object.__setattr__(self, "arrays", arrays)
        object.__setattr__(self, "grid_shape", tuple(int(n) for n in self.grid_shape))
        if not arrays:
            raise ValueError("an embedding needs at least one array")
        for name in arrays:
            if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or name == "digest":
                raise ValueError(f"{name!r} cannot be the name of a cached array")
        if len(self.grid_shape) < 2 or min(self.grid_shape) < 1:
            raise ValueError(f"{self.grid_shape} is not the shape of a tile grid")
        if any(min(shape, default=0) < 1 for shape in arrays.values()):
            raise ValueError("the arrays of an embedding must not be empty")

    @property
    def tile_bytes(self) -> int:
        """Bytes that one tile takes on disk, without the few of its digest."""
        return sum(2 * math.prod(shape) for shape in self.arrays.values())

    @property
    def group_name(self) -> str:
        """Folder of these embeddings: readable words, then a hash of the whole identity."""
        identity = json.dumps(self.attributes(), sort_keys=True).encode()
        key = hashlib.blake2b(identity, digest_size=8).hexdigest()
        file_name = re.split(r"[/\\]", self.image.rstrip("/\\"))[-1]
        return f"{_slug(file_name, 'image')}-{_slug(self.model, 'model')}-{key}.zarr"

    def attributes(self) -> dict[str, Any]:
        """Give the identity as JSON values, as the zarr group carries it."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]


def _slug(words: str, default: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40].strip("-") or default
