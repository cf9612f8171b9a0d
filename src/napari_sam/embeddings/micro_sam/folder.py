"""MicroSamFolder: a folder of embeddings in the format of micro-sam.

A zarr group with one array, ``features``: ``(1, 256, 64, 64)`` float32 for a picture, and
``(planes, 1, 256, 64, 64)`` with one chunk a plane for a stack. The attributes of the group name
image and model, see :mod:`.origin`; micro-sam writes them last, so that a folder with
``input_size`` is complete.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_sam.document import parse_document
from napari_sam.errors import CacheError, cut

from .origin import EMBEDDING_SHAPE, Origin

_AGAIN = "let micro-sam compute the embeddings again"
_FIRST_STRETCHING_8_BITS = (1, 7)
"""First version of micro-sam that stretches the contrast of 8-bit images, as of all others."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of the group, as micro-sam writes them; the fields are those of :class:`Origin`.

    The last three were added in later versions of micro-sam.
    """

    data_signature: str
    model_type: str
    input_size: list[int]
    original_size: list[int]
    model_name: str | None = None
    model_hash: str | None = None
    micro_sam_version: str = "0.0"


@dataclass(frozen=True, slots=True, eq=False)
class MicroSamFolder:
    """Embeddings computed by micro-sam: complete, and of whole planes, not tiles.

    Parameters
    ----------
    path : Path
        The folder.
    attributes : Attributes
        Attributes of the zarr group.
    features : zarr.Array
        The embeddings; for the shapes see the head of this module.
    """

    path: Path
    attributes: "Attributes"
    features: Any

    @classmethod
    def open(cls, path: Path) -> "MicroSamFolder":
        """Open a folder for reading.

        Raises
        ------
        CacheError
            If the folder is not one of micro-sam, is not complete, or holds embeddings of tiles or
            of SAM 2, which cannot be exchanged.
        """
        try:
            group = zarr.open_group(path, mode="r")
            attributes, features = group.attrs.asdict(), group["features"]
        except Exception as error:  # zarr raises many kinds of errors on other folders
            raise CacheError(
                f"{path} holds no embeddings of micro-sam: give the folder, ending in .zarr, in "
                "which micro-sam saved them"
            ) from error
        _check_kind(path, attributes)
        if not isinstance(features, zarr.Array):
            raise CacheError(_tiled(path))
        record = parse_document(Attributes, attributes, str(path), CacheError, _AGAIN)
        return cls(path, record, features)

    def check(self, origin: Origin, planes: Sequence[int], dtype: np.dtype[Any]) -> list[str]:
        """Compare the image and model of the embeddings with the expected image and model.

        Parameters
        ----------
        origin : Origin
            Expected image and model.
        planes : sequence of int
            ``(n,)`` for a stack of n planes, ``()`` for a picture.
        dtype : dtype
            Type of the image's values.

        Returns
        -------
        list of str
            Differences that leave the embeddings usable, such as another name of the model; one
            line each, for the user.

        Raises
        ------
        CacheError
            If image, type of model or shape are others.
        """
        self._check_image(origin, dtype)
        expected_type, model_type = origin.model_type, self.attributes.model_type
        if model_type != expected_type:
            raise CacheError(
                f"{self.path} was computed with a model of type {cut(model_type)}, and "
                f"{origin.model_name} is of type {expected_type}: name the model that it was "
                "computed with (--model)"
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
        """The embedding of a plane.

        Parameters
        ----------
        number : int
            Index of the plane in the stack; 0 for a picture.

        Returns
        -------
        ndarray or None
            ``(256, 64, 64)`` float; None if it is missing or damaged.
        """
        try:  # each codec raises its own errors on damage
            block = self.features[number] if self.features.ndim == 5 else self.features[:]
        except Exception:
            return None
        values: NDArray[np.floating] = np.asarray(block)[0]
        # zarr reads a missing chunk as the fill value, zeros
        return values if values.any() and np.isfinite(values).all() else None

    def _check_image(self, origin: Origin, dtype: np.dtype[Any]) -> None:
        expected = origin.attributes()
        keys = ("data_signature", "original_size", "input_size")
        if any(getattr(self.attributes, key) != expected[key] for key in keys):
            raise CacheError(
                f"{self.path} was computed from another image: give the one that micro-sam had, "
                "with all its planes, in the same type of numbers"
            )
        number = re.match(r"(\d{1,9})\.(\d{1,9})", self.attributes.micro_sam_version)
        if (
            dtype == np.uint8
            and number
            and tuple(map(int, number.groups())) < _FIRST_STRETCHING_8_BITS
        ):
            raise CacheError(
                f"{self.path} is of a micro-sam before 1.7, which did not stretch the contrast of "
                "images of 8 bits: let a newer one compute it again"
            )

    def _differences(self, origin: Origin) -> Iterator[str]:
        for key, value in (("model_name", origin.model_name), ("model_hash", origin.model_hash)):
            stored = getattr(self.attributes, key)
            if None not in (stored, value) and stored != value:
                words = key.replace("_", " ")
                yield (
                    f"{self.path} says {words} {cut(stored)}, and the model here has {value}: if "
                    "masks look wrong, clear the cache and let the image be computed again"
                )


def _check_kind(path: Path, attributes: Mapping[str, Any]) -> None:
    # looked up as files: opening them with zarr could fail on foreign files
    if any((path / name).exists() for name in ("high_res_feats", "fpn", "pos_enc")):
        raise CacheError(
            f"{path} holds embeddings of SAM 2, which cannot be exchanged: use napari-sam embed"
        )
    if attributes.get("tile_shape") is not None:
        raise CacheError(_tiled(path))
    required = {"data_signature", "tile_shape", "model_type", "input_size", "original_size"}
    if required - attributes.keys():
        raise CacheError(
            f"{path} is not complete, micro-sam was stopped before its end: open the image and the "
            "folder in micro-sam again, and it goes on"
        )
    contrast = attributes.get("normalization", "minmax_per_channel")
    if contrast != "minmax_per_channel":
        raise CacheError(
            f"{path} was computed with the contrast {cut(str(contrast))}, which cannot "
            "be exchanged: use napari-sam embed"
        )


def _tiled(path: Path) -> str:
    return (
        f"{path} was computed in tiles, which micro-sam cuts and stretches in its own way: use "
        "napari-sam embed, or let micro-sam compute it without tiles"
    )


def is_replaceable(path: Path) -> bool:
    """Whether a folder may be replaced: with embeddings of micro-sam, and no foreign files.

    True also for an unfinished folder and for embeddings of SAM 2: all can be computed again.
    """
    micro_sam_names = {"features", "high_res_feats", "fpn", "pos_enc", "is_state.h5", "amg_state"}
    micro_sam_names |= {"amg_state.pickle", "zarr.json", ".zgroup", ".zattrs", ".zmetadata"}
    names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    return "features" in names and names <= micro_sam_names
