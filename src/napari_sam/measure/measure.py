"""Measure: size, place and brightness of objects, block by block."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_sam.errors import LabelError
from napari_sam.image.volume import Plane, Volume
from napari_sam.labels.blocks import block_count, block_regions, natural_block
from napari_sam.labels.classes import ClassTable

from .measurements import Measurements

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """What of some objects lies in one block; sums and limits, so that parts can be put together.

    Parameters
    ----------
    label, frame : ndarray
        ``(n,)`` int64: whose parts they are.
    pixels : ndarray
        ``(n,)`` int64.
    sums : ndarray
        ``(n, axes)`` float64: of the pixels' positions along z, y and x.
    low, high : ndarray
        ``(n, axes)`` int64: the bounding box, its end excluded.
    values : ndarray
        ``(n, channels)`` float64: sums of the image.
    """

    label: Ints
    frame: Ints
    pixels: Ints
    sums: Floats
    low: Ints
    high: Ints
    values: Floats


def measure(
    labels: Any,
    labelled: Volume,
    image: Volume | None = None,
    *,
    classes: ClassTable | None = None,
    scores: Mapping[int, float] | None = None,
) -> Measurements:
    """Measure all objects; the arguments are those of :func:`iter_measure`."""
    steps = iter_measure(labels, labelled, image, classes=classes, scores=scores)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Measurements = end.value
            return found


def iter_measure(
    labels: Any,
    labelled: Volume,
    image: Volume | None = None,
    *,
    classes: ClassTable | None = None,
    scores: Mapping[int, float] | None = None,
) -> Generator[tuple[int, int], None, Measurements]:
    """Measure all objects step by step; neither the labels nor the image are loaded whole.

    Area, centroid, bounding box and mean intensity are those of scikit-image's ``regionprops``,
    which needs whole objects: here they are put together from sums over blocks.

    Parameters
    ----------
    labels : array-like
        ``labelled.label_shape`` integers, 0 is background.
    labelled : Volume
        Names the axes, and says scale, units and origin.
    image : Volume, optional
        Of which intensities are measured, all channels; of `labelled`'s shape without channels.
    classes : ClassTable, optional
        Of the objects.
    scores : mapping of int to float, optional
        Of some objects.

    Yields
    ------
    tuple of int
        Blocks done, and blocks in all.

    Returns
    -------
    Measurements
        Rows in the order of labels, then of frames.

    Raises
    ------
    LabelError
        If the shapes do not fit, or labels are no integers.
    ImageError
        If the image cannot be read.
    """
    _check(labels, labelled, image)
    lead = len(labelled.plane_shape)
    block = (1,) * lead + natural_block(labels)[-2:]
    total = block_count(labels.shape, block)
    parts: list[_Parts] = []
    for done, region in enumerate(block_regions(labels.shape, block), start=1):
        found = np.asarray(labels[region])
        parts += _parts(found.reshape(found.shape[-2:]), region, labelled, image)
        yield done, total
    return _table(_united(parts, labelled, image), labelled, image, classes, scores)


def _check(labels: Any, labelled: Volume, image: Volume | None) -> None:
    if np.dtype(labels.dtype).kind not in "ui":
        raise LabelError(f"labels are integers, not {labels.dtype}: choose a label image")
    for other in (labelled, image):
        if other is not None and other.label_shape != tuple(labels.shape):
            raise LabelError(
                f"labels of shape {tuple(labels.shape)} do not fit {other.name} of shape "
                f"{other.label_shape}: choose the image that was segmented"
            )


def _parts(
    block: NDArray[Any], region: tuple[slice, ...], labelled: Volume, image: Volume | None
) -> Iterator[_Parts]:
    present, inverse = np.unique(block, return_inverse=True)
    if not present.any():
        return
    own = np.flatnonzero(present)
    dense = inverse.reshape(block.shape) + 1  # 0 is what find_objects leaves out
    found = ndimage.find_objects(dense)
    boxes = [found[i] for i in own]
    plane = tuple(part.start for part in region[:-2])
    where = dict(zip(labelled.plane_axes, plane, strict=True))
    frame, z = where.get("T", 0), where.get("Z", 0)
    pixels = np.bincount(inverse.ravel())[own]
    rows, cols = np.ogrid[: block.shape[0], : block.shape[1]]
    sums = [_sum(inverse, np.broadcast_to(at, block.shape))[own] for at in (rows, cols)]
    y0, x0 = region[-2].start, region[-1].start
    count = len(own)
    yield _Parts(
        label=present[own].astype(np.int64),
        frame=np.full(count, frame),
        pixels=pixels,
        sums=np.stack([z * pixels, sums[0] + y0 * pixels, sums[1] + x0 * pixels], axis=1),
        low=np.array([(z, y0 + y.start, x0 + x.start) for y, x in boxes]),
        high=np.array([(z + 1, y0 + y.stop, x0 + x.stop) for y, x in boxes]),
        values=_values(inverse, plane, region, image)[own],
    )


def _sum(groups: Ints, values: NDArray[Any]) -> Floats:
    return np.asarray(np.bincount(groups.ravel(), values.ravel().astype(np.float64)), np.float64)


def _values(groups: Ints, plane: Plane, region: tuple[slice, ...], image: Volume | None) -> Floats:
    """Sums of the image over each group, ``(groups, channels)``."""
    y, x = region[-2:]
    sums = []
    for volume in () if image is None else _channels(image):
        pixels = volume.read(plane, y.start, x.start, y.stop, x.stop)
        sums += [_sum(groups, pixels[..., i]) for i in range(pixels.shape[-1])]
    return np.stack(sums, axis=1) if sums else np.zeros((int(groups.max()) + 1, 0))


def _channels(image: Volume) -> Iterator[Volume]:
    """All channels, few at a time: there may be dozens."""
    every = tuple(range(image.channel_count))
    together = [every] if image.axes.endswith("C") else [(c,) for c in every]
    for channels in together:
        yield replace(image, channels=channels)


def _united(parts: list[_Parts], labelled: Volume, image: Volume | None) -> _Parts:
    """The parts of each object at each time, put together."""
    if not parts:
        none = np.zeros(0, np.int64)
        box, channels = np.zeros((0, 3), np.int64), 0 if image is None else image.channel_count
        return _Parts(none, none, none, box.astype(float), box, box, np.zeros((0, channels)))
    names = ("label", "frame", "pixels", "sums", "low", "high", "values")
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    keys = np.stack([whole["label"], whole["frame"]], axis=1)
    unique, group = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")  # parts of one object stand together then
    starts = np.searchsorted(group.ravel()[order], np.arange(len(unique)))
    combine = {"low": np.minimum, "high": np.maximum}
    for name in names[2:]:
        whole[name] = combine.get(name, np.add).reduceat(whole[name][order], starts, axis=0)
    return _Parts(**{**whole, "label": unique[:, 0], "frame": unique[:, 1]})


def _table(
    found: _Parts,
    labelled: Volume,
    image: Volume | None,
    classes: ClassTable | None,
    scores: Mapping[int, float] | None,
) -> Measurements:
    labels = found.label.tolist()
    columns: dict[str, NDArray[Any]] = {"label": found.label}
    if "T" in labelled.plane_axes:
        columns["t"] = found.frame
    if classes is not None and classes.classes:
        columns["class"] = np.array([classes.class_of(label) for label in labels], dtype=object)
    if scores:
        columns["score"] = np.array([scores.get(label, np.nan) for label in labels], float)
    columns["pixels"] = found.pixels
    columns |= _geometry(found, labelled)
    if image is not None:
        means = found.values / found.pixels[:, None]
        several = "C" in image.axes
        for i in range(means.shape[1]):
            columns[f"intensity_mean_{i}" if several else "intensity_mean"] = means[:, i]
    return Measurements(columns)


def _geometry(found: _Parts, labelled: Volume) -> dict[str, NDArray[Any]]:
    axes = [axis for axis in "ZYX" if axis in labelled.label_axes]
    at = ["ZYX".index(axis) for axis in axes]
    own = [labelled.label_axes.index(axis) for axis in axes]
    scale, origin = (np.array(given)[own] for given in (labelled.scale, labelled.translate))
    units = dict.fromkeys(labelled.units[i] for i in own)
    centroid = found.sums[:, at] / found.pixels[:, None] * scale + origin
    columns: dict[str, NDArray[Any]] = {
        "volume" if "Z" in axes else "area": found.pixels * np.prod(np.abs(scale)),
        "unit": np.full(len(found.label), "/".join(units), dtype=object),
    }
    names = [axis.lower() for axis in axes]
    columns |= {f"centroid_{axis}": centroid[:, i] for i, axis in enumerate(names)}
    columns |= {f"bbox_{axis}0": found.low[:, i] for i, axis in zip(at, names, strict=True)}
    columns |= {f"bbox_{axis}1": found.high[:, i] for i, axis in zip(at, names, strict=True)}
    return columns
