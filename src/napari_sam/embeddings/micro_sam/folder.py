"""The folder in which micro-sam keeps embeddings: what it says of itself, and what is in it.

A zarr group with one array, ``features``: ``(1, 256, 64, 64)`` float32 for a picture, and
``(planes, 1, 256, 64, 64)`` with one chunk a plane for a stack. The attributes of the group say
what it was computed from; they are written last, so that a folder with ``input_size`` is complete.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_sam.errors import CacheError

from .origin import EMBEDDING_SHAPE, Origin

_FIRST_ALIKE = (1, 7)  # of micro-sam: before, it took images of 8 bits as they are


@dataclass(frozen=True, slots=True, eq=False)
class MicroSamFolder:
    """Embeddings that micro-sam computed, complete and without tiles.

    Parameters
    ----------
    path : Path
        The folder.
    attributes : mapping
        Of its group.
    features : zarr.Array
        See the head of this module.
    """

    path: Path
    attributes: Mapping[str, Any]
    features: Any

    @classmethod
    def open(cls, path: Path) -> "MicroSamFolder":
        """Open a folder to read from it.

        Raises
        ------
        CacheError
            If it is not such a folder, is not complete, or is one that cannot be exchanged.
        """
        try:
            group = zarr.open_group(path, mode="r")
            attributes, features = dict(group.attrs), group["features"]
        except Exception as error:  # whatever zarr raises on what is not a group
            raise CacheError(
                f"{path} holds no embeddings of micro-sam: give the folder, ending in .zarr, in "
                "which micro-sam saved them"
            ) from error
        _check_kind(path, attributes)
        if not isinstance(features, zarr.Array):
            raise CacheError(_tiled(path))
        return cls(path, attributes, features)

    def check(self, origin: Origin, planes: Sequence[int], dtype: np.dtype[Any]) -> list[str]:
        """See that the embeddings are those of an image and a model.

        Parameters
        ----------
        origin : Origin
            What they should be computed from.
        planes : sequence of int
            ``(n,)`` for a stack of n planes, ``()`` for a picture.
        dtype : dtype
            Of the image.

        Returns
        -------
        list of str
            What differs without making them useless; one line each.

        Raises
        ------
        CacheError
            If they are not.
        """
        self._check_image(origin, dtype)
        wanted, found = origin.model_type, self.attributes["model_type"]
        if found != wanted:
            raise CacheError(
                f"{self.path} was computed with a model of type {found}, and {origin.model_name} "
                f"is of type {wanted}: name the model that it was computed with (--model)"
            )
        shape = (*planes, 1, *EMBEDDING_SHAPE)
        if self.features.shape != shape or self.features.dtype.kind != "f":
            raise CacheError(
                f"the embeddings in {self.path} have the shape {self.features.shape} instead of "
                f"{shape}: let micro-sam compute them again, and open the image with the axes "
                "that it has there (--axes)"
            )
        return list(self._differences(origin))

    def read(self, number: int) -> NDArray[np.floating] | None:
        """The embedding of one plane.

        Parameters
        ----------
        number : int
            Of the plane; 0 for a picture.

        Returns
        -------
        ndarray or None
            ``(256, 64, 64)`` float; None if it is missing or damaged.
        """
        try:  # damage shows as whatever the codecs raise on it
            block = self.features[number] if self.features.ndim == 5 else self.features[:]
        except Exception:
            return None
        values: NDArray[np.floating] = np.asarray(block)[0]
        # a chunk that is lost reads as zeros
        return values if values.any() and np.isfinite(values).all() else None

    def _check_image(self, origin: Origin, dtype: np.dtype[Any]) -> None:
        found, wanted = self.attributes, origin.attributes()
        keys = ("data_signature", "original_size", "input_size")
        if any(found[key] != wanted[key] for key in keys):
            raise CacheError(
                f"{self.path} was computed from another image: give the one that micro-sam had, "
                "with all its planes, in the same type of numbers"
            )
        version = str(found.get("micro_sam_version", "0.0"))
        number = re.match(r"(\d+)\.(\d+)", version)
        if dtype == np.uint8 and number and tuple(map(int, number.groups())) < _FIRST_ALIKE:
            raise CacheError(
                f"{self.path} is of a micro-sam before 1.7, which did not stretch the contrast of "
                "images of 8 bits: let a newer one compute it again"
            )

    def _differences(self, origin: Origin) -> Iterator[str]:
        for key, wanted in (("model_name", origin.model_name), ("model_hash", origin.model_hash)):
            found = self.attributes.get(key)
            if None not in (found, wanted) and found != wanted:
                words = key.replace("_", " ")
                yield (
                    f"{self.path} says {words} {found}, and the model here has {wanted}: if masks "
                    "look wrong, clear the cache and let the image be computed again"
                )


def _check_kind(path: Path, attributes: Mapping[str, Any]) -> None:
    # looked for as files: zarr would try to open what else lies there
    if any((path / name).exists() for name in ("high_res_feats", "fpn", "pos_enc")):
        raise CacheError(
            f"{path} holds embeddings of SAM 2, which cannot be exchanged: use napari-sam embed"
        )
    if attributes.get("tile_shape") is not None:
        raise CacheError(_tiled(path))
    needed = {"data_signature", "tile_shape", "model_type", "input_size", "original_size"}
    if needed - set(attributes):
        raise CacheError(
            f"{path} is not complete, micro-sam was stopped before its end: open the image and the "
            "folder in micro-sam again, and it goes on"
        )
    if attributes.get("normalization", "minmax_per_channel") != "minmax_per_channel":
        raise CacheError(
            f"{path} was computed with the contrast {attributes['normalization']}, which cannot be "
            "exchanged: use napari-sam embed"
        )


def _tiled(path: Path) -> str:
    return (
        f"{path} was computed in tiles, which micro-sam cuts and stretches in its own way: use "
        "napari-sam embed, or let micro-sam compute it without tiles"
    )


def is_replaceable(path: Path) -> bool:
    """Whether a folder holds embeddings as micro-sam saves them, and what it made of them alone.

    Such as an unfinished one, or one of SAM 2: all that can be computed again.
    """
    known = {"features", "high_res_feats", "fpn", "pos_enc", "is_state.h5", "amg_state"}
    known |= {"amg_state.pickle", "zarr.json", ".zgroup", ".zattrs", ".zmetadata"}
    names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    return "features" in names and names <= known
