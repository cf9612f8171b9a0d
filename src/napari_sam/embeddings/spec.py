"""CacheSpec: the conditions for using a stored embedding again."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from napari_sam.file_names import printable
from napari_sam.model.precision import Precision

FORMAT_VERSION = 2
"""Raised when the layout on disk changes; older groups are then left to the byte budget."""

DIGEST = "digest"
"""Name of the array that holds the record of each tile, see :mod:`.digest`."""

SCALES = "scales"
"""Name of the array that holds the scales of each tile, see :mod:`.quantised`."""


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """Identity and layout of the embeddings of an image under a model and an intensity mapping.

    Parameters
    ----------
    image : str
        Identity of the image, such as its path. It need not say anything about the pixels, which
        are compared tile by tile.
    model : str
        Name of the model, for people.
    weights_hash : str
        Fingerprint of the weights: two models may have one name.
    intensity : str
        Key of the intensity mapping.
    tile_size, overlap : int
        Side of a tile, and overlap of neighbouring tiles, data pixels.
    grid_shape : tuple of int
        ``(*plane_shape, rows, cols)``: number of tiles along each axis.
    arrays : mapping of str to tuple of int
        Name of each array of an embedding -> its shape for one tile, see
        :func:`~napari_sam.embeddings.embedding.array_shapes`.
    version : int
        Version of the layout on disk.
    precision : Precision
        Precision of the image encoder: whoever asks for float32 must get the same bytes whatever
        precision was used before.

    Raises
    ------
    ValueError
        If there is no array, an array's name cannot be that of a folder, or a shape is not
        positive.
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
    precision: Precision = Precision.FP32

    def __post_init__(self) -> None:
        """Check the shapes, sort the arrays by name, and make the image's path Unicode."""
        arrays = {name: tuple(int(n) for n in self.arrays[name]) for name in sorted(self.arrays)}
        object.__setattr__(self, "arrays", arrays)
        object.__setattr__(self, "image", printable(self.image))
        object.__setattr__(self, "grid_shape", tuple(int(n) for n in self.grid_shape))
        if not arrays:
            raise ValueError("an embedding needs at least one array")
        for name in arrays:
            if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or name in (DIGEST, SCALES):
                raise ValueError(f"{name!r} cannot be the name of a cached array")
        if len(self.grid_shape) < 2 or min(self.grid_shape) < 1:
            raise ValueError(f"{self.grid_shape} is not the shape of a tile grid")
        if any(min(shape, default=0) < 1 for shape in arrays.values()):
            raise ValueError("the arrays of an embedding must not be empty")

    @property
    def tile_bytes(self) -> int:
        """Bytes of the arrays of a tile on disk at most, without the digest.

        Six bits per value: with twelve steps in the deviation, values have 5.6 bits of information
        if they are normal, and less otherwise.
        """
        return sum(math.prod(shape) * 3 // 4 + 8 * shape[0] + 64 for shape in self.arrays.values())

    @property
    def group_name(self) -> str:
        """Name of the folder on disk: image and model in words, then a hash of all fields."""
        identity = json.dumps(self.attributes(), sort_keys=True).encode()
        key = hashlib.blake2b(identity, digest_size=8).hexdigest()
        file_name = re.split(r"[/\\]", self.image.rstrip("/\\"))[-1]
        return f"{_slug(file_name, 'image')}-{_slug(self.model, 'model')}-{key}.zarr"

    def attributes(self) -> dict[str, Any]:
        """All fields as JSON values, for the attributes of the zarr group."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]


def _slug(words: str, default: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40].strip("-") or default
