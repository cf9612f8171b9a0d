"""Sums: size, place and brightness of objects in a block of labels, to be put together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_sam.image.volume import Plane, Volume
from napari_sam.labels.rank import rank_labels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ObjectSums:
    """Sums over the pixels of objects: within a block of labels, or within all of them.

    Made by :func:`sums_in_block` and :func:`combined`.

    Parameters
    ----------
    label, frame : ndarray
        ``(n,)`` int64: the object and its index along T, 0 without time.
    pixels : ndarray
        ``(n,)`` int64: number of pixels.
    positions : ndarray
        ``(n, 3)`` float64: sums of the pixels' indices along z, y and x.
    low, high : ndarray
        ``(n, 3)`` int64: the bounding box along z, y and x, its end excluded.
    values, squares : ndarray
        ``(n, channels)`` float64: sums of the image's values, and of their squares.
    darkest, brightest : ndarray
        ``(n, channels)`` float64: the smallest and the largest value.
    """

    label: Ints
    frame: Ints
    pixels: Ints
    positions: Floats
    low: Ints
    high: Ints
    values: Floats
    squares: Floats
    darkest: Floats
    brightest: Floats


_COMBINE = {
    "pixels": np.add,
    "positions": np.add,
    "low": np.minimum,
    "high": np.maximum,
    "values": np.add,
    "squares": np.add,
    "darkest": np.minimum,
    "brightest": np.maximum,
}
"""Column of :class:`ObjectSums` -> how two parts of an object are put together."""


def sums_in_block(
    block: NDArray[Any], region: tuple[slice, ...], plane_axes: str, image: Volume | None
) -> Iterator[ObjectSums]:
    """Yield the sums of a block's objects, or nothing if there is only background.

    Parameters
    ----------
    block : ndarray
        ``(y, x)`` integers: labels, 0 is background.
    region : tuple of slice
        Place of the block in all labels.
    plane_axes : str
        Letters of the axes before Y and X.
    image : Volume, optional
        Image whose values are summed, in all channels.
    """
    labels, ranks = rank_labels(block)
    count = len(labels) - 1
    if not count:
        return
    boxes = ndimage.find_objects(ranks)
    plane = tuple(part.start for part in region[:-2])
    index = dict(zip(plane_axes, plane, strict=True))
    frame, z = index.get("T", 0), index.get("Z", 0)
    pixels = np.bincount(ranks.ravel())[1:]
    rows, cols = np.ogrid[: block.shape[0], : block.shape[1]]
    y_sums, x_sums = (_sums_by_rank(ranks, np.broadcast_to(at, block.shape)) for at in (rows, cols))
    y0, x0 = region[-2].start, region[-1].start
    yield ObjectSums(
        label=labels[1:].astype(np.int64),
        frame=np.full(count, frame),
        pixels=pixels,
        positions=np.stack([z * pixels, y_sums + y0 * pixels, x_sums + x0 * pixels], axis=1),
        low=np.array([(z, y0 + y.start, x0 + x.start) for y, x in boxes]),
        high=np.array([(z + 1, y0 + y.stop, x0 + x.stop) for y, x in boxes]),
        **_brightness(ranks, count, plane, region, image),
    )


def combined(blocks: Sequence[ObjectSums], image: Volume | None) -> ObjectSums:
    """Put together the sums of each object and frame over all blocks.

    Parameters
    ----------
    blocks : sequence of ObjectSums
        Of all blocks of labels.
    image : Volume, optional
        Image whose values were summed.

    Returns
    -------
    ObjectSums
        In the order of labels, then of frames.
    """
    if not blocks:
        no_label, no_box = np.zeros(0, np.int64), np.zeros((0, 3), np.int64)
        no_value = np.zeros((0, 0 if image is None else image.channel_count))
        positions = no_box.astype(float)
        return ObjectSums(no_label, no_label, no_label, positions, no_box, no_box, *4 * (no_value,))
    columns = {
        name: np.concatenate([getattr(sums, name) for sums in blocks])
        for name in ("label", "frame", *_COMBINE)
    }
    keys = np.stack([columns["label"], columns["frame"]], axis=1)
    unique, group = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")  # blocks of one object stand together then
    starts = np.searchsorted(group.ravel()[order], np.arange(len(unique)))
    for name, combine in _COMBINE.items():
        columns[name] = combine.reduceat(columns[name][order], starts, axis=0)
    return ObjectSums(**{**columns, "label": unique[:, 0], "frame": unique[:, 1]})


def _brightness(
    ranks: Ints, count: int, plane: Plane, region: tuple[slice, ...], image: Volume | None
) -> dict[str, Floats]:
    """Columns of the image's values, ``(count, channels)`` each, by the ranks from 1 on."""
    y, x = region[-2:]
    objects = np.arange(1, count + 1)
    columns: dict[str, list[Floats]] = {
        name: [] for name in ("values", "squares", "darkest", "brightest")
    }
    for volume in () if image is None else channel_groups(image):
        pixels = volume.read(plane, y.start, x.start, y.stop, x.stop)
        for i in range(pixels.shape[-1]):
            values = pixels[..., i].astype(np.float64)
            columns["values"].append(_sums_by_rank(ranks, values))
            columns["squares"].append(_sums_by_rank(ranks, values**2))
            for name, of in (("darkest", ndimage.minimum), ("brightest", ndimage.maximum)):
                columns[name].append(np.asarray(of(values, ranks, objects), np.float64))
    empty = np.zeros((count, 0))
    return {name: np.stack(parts, axis=1) if parts else empty for name, parts in columns.items()}


def _sums_by_rank(ranks: Ints, values: NDArray[Any]) -> Floats:
    """Sum of the values of each rank from 1 on."""
    sums = np.bincount(ranks.ravel(), values.ravel().astype(np.float64))
    return np.asarray(sums[1:], np.float64)


def channel_groups(image: Volume) -> Iterator[Volume]:
    """All channels: colours, stored together, in a single group, others alone to save memory."""
    channels = tuple(range(image.channel_count))
    groups = [channels] if image.axes.endswith("C") else [(channel,) for channel in channels]
    for group in groups:
        yield replace(image, channels=group)
