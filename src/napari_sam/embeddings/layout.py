"""Layout of a group: zarr arrays indexed by tile, a chunk per tile.

Features are stored in a byte per value (:mod:`.quantised`) and compressed with Zstandard, which
reads no slower than half floats without compression, at a third of the bytes.
"""

import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from napari_sam.document import parse_document
from napari_sam.errors import CacheError
from napari_sam.tiles.grid import TileIndex

from .digest import DIGEST_BYTES, make_record, record_size
from .quantised import Quantised
from .spec import DIGEST, SCALES, CacheSpec

ATTRIBUTE = "napari_sam_cache"
"""Attribute of the zarr group that holds :meth:`CacheSpec.attributes`."""

PARTIAL = ".partial"
"""Suffix of files and folders that are being written."""

_DIGEST_NOTE = (
    "XXH3-128 of the pixels that the tile was computed from, then CRC-32 (little-endian) of the "
    "tile in each of the other arrays, in the order of their names. No chunk: not computed."
)

_SCALES_NOTE = (
    "Mean and step of each channel, of the other arrays in the order of their names. NaN: not "
    "computed."
)
_CODES_NOTE = "Features in whole steps from the mean: value = code * step + mean of the channel."
_NOTES = {DIGEST: _DIGEST_NOTE, SCALES: _SCALES_NOTE}
_DTYPES = {DIGEST: "uint8", SCALES: "float32"}

Arrays = dict[str, "zarr.Array[Any]"]


def open_group(path: Path, spec: CacheSpec) -> Arrays | None:
    """Open the arrays of a group.

    Parameters
    ----------
    path : Path
        Folder of the group.
    spec : CacheSpec
        Expected identity and layout.

    Returns
    -------
    dict of str to zarr.Array, or None
        Name to array, the digest among them. None if the group is missing, damaged, or has another
        identity or layout.
    """
    try:
        if spec_of(path) != spec:
            return None
        arrays = {name: zarr.open_array(path / name, mode="r+") for name in _shapes(spec)}
        fits = all(_fits(arrays[name], name, shape, spec) for name, shape in _shapes(spec).items())
    # Damaged metadata raises errors of many kinds; after each the group is created anew.
    except Exception:
        return None
    return arrays if fits else None


def create_group(path: Path, spec: CacheSpec) -> None:
    """Create an empty group by a single rename; a damaged group in its place is replaced.

    Parameters
    ----------
    path : Path
        Folder of the group.
    spec : CacheSpec
        Identity and layout of the group.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    partial = _beside(path)
    try:
        _write_group(partial, spec)
        if path.exists() and open_group(path, spec) is None:
            remove_group(path)
        try:
            os.rename(partial, path)
        except OSError:
            # Another process has created the same group meanwhile.
            if not path.exists():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def chunks_of(stored: Mapping[str, Quantised]) -> dict[str, npt.NDArray[Any]]:
    """Chunks of a tile by the name of their array: codes, and the scales of all features."""
    scales = np.concatenate([stored[name].scales for name in sorted(stored)])
    return {name: stored[name].codes for name in sorted(stored)} | {SCALES: scales}


def read_tile(
    arrays: Arrays, index: TileIndex, record: npt.NDArray[np.uint8]
) -> tuple[dict[str, Quantised], bool]:
    """Read the features of a tile.

    Parameters
    ----------
    arrays : dict of str to zarr.Array
        From :func:`open_group`.
    index : tuple of int
        ``(*plane, row, col)``.
    record : ndarray
        The tile's chunk of the array :data:`DIGEST`.

    Returns
    -------
    dict of str to Quantised, bool
        The features by name; whether they fit the record.
    """
    chunks = {name: np.asarray(arrays[name][index]) for name in arrays if name != DIGEST}
    intact = np.array_equal(record, make_record(record[:DIGEST_BYTES].tobytes(), chunks))
    scales, stored = chunks.pop(SCALES), {}
    for name in sorted(chunks):
        of_name, scales = np.split(scales, [len(chunks[name])])
        stored[name] = Quantised(chunks[name], of_name)
    return stored, intact


def remove_group(path: Path) -> None:
    """Delete a group, renamed first: no other process ever sees half a group."""
    partial = _beside(path)
    os.rename(path, partial)
    shutil.rmtree(partial, ignore_errors=True)


def spec_of(path: Path) -> CacheSpec | None:
    """Identity and layout of a group, from its attributes; None if these are damaged."""
    file = path / "zarr.json"
    try:
        metadata = parse_document(_GroupMetadata, file.read_bytes(), str(file), CacheError)
    except (OSError, CacheError):
        return None
    return metadata.attributes.napari_sam_cache


@dataclass(frozen=True, slots=True)
class _Attributes:
    """Attributes of a group; the name of the field is :data:`ATTRIBUTE`."""

    napari_sam_cache: CacheSpec


@dataclass(frozen=True, slots=True)
class _GroupMetadata:
    """Metadata of a zarr group, as far as they are read."""

    attributes: _Attributes


def chunk_path(group: Path, name: str, index: TileIndex, spec: CacheSpec) -> Path:
    """File of a tile in an array; all files of an array lie in a flat folder, quick to list."""
    trailing = len(_shapes(spec)[name])
    return group / name / ".".join(["c", *map(str, index), *["0"] * trailing])


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}{PARTIAL}")


def _shapes(spec: CacheSpec) -> dict[str, tuple[int, ...]]:
    channels = sum(shape[0] for shape in spec.arrays.values())
    record = record_size(len(spec.arrays) + 1)
    return {DIGEST: (record,), SCALES: (channels, 2), **spec.arrays}


def _chunk(shape: tuple[int, ...], spec: CacheSpec) -> tuple[int, ...]:
    return (1,) * len(spec.grid_shape) + shape


def _fits(array: "zarr.Array[Any]", name: str, shape: tuple[int, ...], spec: CacheSpec) -> bool:
    """Whether an array has the layout that :func:`_write_group` gives it."""
    encoding = getattr(array.metadata, "chunk_key_encoding", None)
    return (
        array.shape == spec.grid_shape + shape
        and array.chunks == _chunk(shape, spec)
        and array.dtype == _DTYPES.get(name, "int8")
        and getattr(encoding, "separator", None) == "."
    )


def _write_group(path: Path, spec: CacheSpec) -> None:
    zarr.create_group(path, attributes={ATTRIBUTE: spec.attributes()}, zarr_format=3)
    planes = [f"plane_{axis}" for axis in range(len(spec.grid_shape) - 2)]
    for name, shape in _shapes(spec).items():
        zarr.create_array(
            path / name,
            shape=spec.grid_shape + shape,
            chunks=_chunk(shape, spec),
            dtype=_DTYPES.get(name, "int8"),
            fill_value=float("nan") if name == SCALES else 0,
            filters=None,
            compressors=[Crc32cCodec()] if name in _DTYPES else [ZstdCodec(level=1), Crc32cCodec()],
            chunk_key_encoding={"name": "default", "separator": "."},
            dimension_names=[*planes, "tile_row", "tile_col", *[None] * len(shape)],
            attributes={"description": _NOTES.get(name, _CODES_NOTE)},
            zarr_format=3,
        )
