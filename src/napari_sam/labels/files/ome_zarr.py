"""OME-Zarr: labels as a multiscale label image, written block by block."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_sam.labels.blocks import block_count, block_regions, natural_block
from napari_sam.labels.classes import ClassTable

from .class_files import CLASSES
from .image_label import MAX_COLORS, NO_CLASSES, Properties, image_label, labels_in
from .ome_version import LATEST, array_options, described, zarr_format
from .stack import LabelStack

CHUNK = 512
"""Rows and columns of a chunk; a level whose planes fit into one is the last of the pyramid."""

_KINDS = {"T": "time", "C": "channel"}

Factors = Sequence[tuple[int, ...]]


def write_ome_zarr(
    path: Path,
    stack: LabelStack,
    name: str,
    *,
    factors: Factors | None = None,
    properties: Properties | None = None,
    source: str | None = None,
    classes: ClassTable = NO_CLASSES,
    version: str = LATEST,
) -> Iterator[tuple[int, int]]:
    """Write a label image as the root group of a new zarr folder.

    A level of the pyramid takes every second row and column of the level before: labels are never
    averaged, and pixel ``i`` of a level lies exactly at ``i * scale + translation``.

    Parameters
    ----------
    path : Path
        A new folder.
    stack : LabelStack
        The labels.
    name : str
        Name of the image.
    factors : sequence of tuple of int, optional
        Downsampling of every level relative to the first, per axis; :func:`plane_pyramid` if None.
    properties : mapping, optional
        Label to a mapping of names to values.
    source : str, optional
        Relative path to the group of the segmented image.
    classes : ClassTable
        Classes of the objects.
    version : str
        Version of OME-Zarr, one of :data:`~napari_sam.labels.files.ome_version.VERSIONS`.

    Yields
    ------
    tuple of int
        Steps done, and steps in all.
    """
    factors = factors or plane_pyramid(stack.shape)
    group = zarr.create_group(path, zarr_format=zarr_format(version))  # type: ignore[arg-type]
    levels = _create_levels(group, stack, factors, version)
    first = natural_block(stack, unit=levels[0].chunks)
    blocks = _block_counts(levels, first)
    # The last step writes the metadata, without which no reader takes the folder for labels.
    total = sum(blocks) + 1
    present: set[int] = set()
    is_described = bool(properties) or bool(classes.of_label)
    for done, labels in enumerate(_copy(stack, levels[0], first), start=1):
        if is_described or len(present) <= MAX_COLORS:  # more labels get no colours
            present.update(labels)
        yield done, total
    for done, _ in enumerate(_downsample(levels, factors), start=blocks[0] + 1):
        yield done, total
    colors = image_label(present, properties, source, classes, version)
    group.attrs.update(described(version, _multiscale(stack, name, factors), colors))
    if classes.classes:
        group.attrs[CLASSES] = {"classes": classes.to_json()["classes"]}
    yield total, total


def plane_pyramid(shape: Sequence[int]) -> Factors:
    """Downsampling factors of all levels: halved in y and x until a plane is one chunk.

    Parameters
    ----------
    shape : sequence of int
        Shape of the first level, ending in Y and X.

    Returns
    -------
    sequence of tuple of int
        For each level, a factor per axis relative to the first level, whose factors are 1.
    """
    factors = [(1,) * len(shape)]
    while max(-(-size // factors[-1][-1]) for size in shape[-2:]) > CHUNK:
        factors.append((*factors[-1][:-2], 2 * factors[-1][-1], 2 * factors[-1][-1]))
    return factors


def _create_levels(
    group: zarr.Group, stack: LabelStack, factors: Factors, version: str
) -> list["zarr.Array[Any]"]:
    options = array_options(version, stack.axes)
    levels = []
    for i, factor in enumerate(factors):
        shape = tuple(-(-size // step) for size, step in zip(stack.shape, factor, strict=True))
        level = group.create_array(
            str(i),
            shape=shape,
            dtype="uint32",
            chunks=(1,) * (len(shape) - 2) + tuple(min(CHUNK, size) for size in shape[-2:]),
            fill_value=0,
            **options,
        )
        levels.append(level)
    return levels


def _block_counts(levels: Sequence["zarr.Array[Any]"], first: Sequence[int]) -> list[int]:
    """Number of blocks in which each level is written; those of the first have a given shape."""
    coarser = [block_count(level.shape, level.chunks) for level in levels[1:]]
    return [block_count(levels[0].shape, first), *coarser]


def _copy(
    stack: LabelStack, level: "zarr.Array[Any]", block: Sequence[int]
) -> Iterator[Collection[int]]:
    for region in block_regions(stack.shape, block):
        labels = stack.read(region)
        _store(level, region, labels)
        yield labels_in(labels)


def _downsample(levels: Sequence["zarr.Array[Any]"], factors: Factors) -> Iterator[None]:
    for i in range(1, len(levels)):
        fine, coarse = levels[i - 1], levels[i]
        step = [high // low for low, high in zip(factors[i - 1], factors[i], strict=True)]
        for region in block_regions(coarse.shape, coarse.chunks):
            _store(coarse, region, np.asarray(fine[_spread(region, step, fine.shape)]))
            yield


def _store(
    level: "zarr.Array[Any]", region: Sequence[slice], labels: NDArray[np.integer[Any]]
) -> None:
    # Chunk by chunk: given many, zarr writes them in parallel, and after a failure goes on writing
    # into the folder while the folder is removed. Chunks of background need no writing.
    for part in block_regions(labels.shape, level.chunks):
        if labels[part].any():
            place = tuple(
                slice(outer.start + inner.start, outer.start + inner.stop)
                for outer, inner in zip(region, part, strict=True)
            )
            level[place] = labels[part]


def _spread(
    region: Sequence[slice], step: Sequence[int], shape: Sequence[int]
) -> tuple[slice, ...]:
    return tuple(
        slice(part.start * k, min(part.stop * k, size), k)
        for part, k, size in zip(region, step, shape, strict=True)
    )


def _multiscale(stack: LabelStack, name: str, factors: Factors) -> dict[str, Any]:
    axes = [
        {"name": axis.lower(), "type": _KINDS.get(axis, "space")}
        | ({"unit": unit} if unit is not None and axis != "C" else {})
        for axis, unit in zip(stack.axes, stack.units, strict=True)
    ]
    datasets = [
        {"path": str(i), "coordinateTransformations": _transformations(stack, factor)}
        for i, factor in enumerate(factors)
    ]
    return {"name": name, "axes": axes, "datasets": datasets, "type": "nearest"}


def _transformations(stack: LabelStack, factor: tuple[int, ...]) -> list[dict[str, Any]]:
    scale = [size * step for size, step in zip(stack.scale, factor, strict=True)]
    return [
        {"type": "scale", "scale": scale},
        {"type": "translation", "translation": list(stack.translate)},
    ]
