"""Measure: size, place and brightness of objects, block by block."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_sam.errors import LabelError
from napari_sam.image.arranged_array import arranged
from napari_sam.image.arrangement import Arrangement
from napari_sam.image.calibration import Calibration
from napari_sam.image.fit import fit_dimensions
from napari_sam.image.volume import Plane, Volume
from napari_sam.labels.blocks import block_count, block_regions, natural_block
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray

from .measurements import Measurements

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _ObjectSums:
    """Sums over the pixels of objects within a block of labels.

    Sums and limits of several blocks can be combined: :func:`_combined` adds up those of each
    object and frame.

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
    values : ndarray
        ``(n, channels)`` float64: sums of the image's values.
    """

    label: Ints
    frame: Ints
    pixels: Ints
    positions: Floats
    low: Ints
    high: Ints
    values: Floats


def measure(
    labels: LabelArray,
    calibration: Calibration,
    image: Volume | None = None,
    *,
    classes: ClassTable | None = None,
    scores: Mapping[int, float] | None = None,
) -> Measurements:
    """Measure all objects; the arguments are those of :func:`iter_measure`."""
    steps = iter_measure(labels, calibration, image, classes=classes, scores=scores)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            table: Measurements = end.value
            return table


def iter_measure(
    labels: LabelArray,
    calibration: Calibration,
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
        ``(*planes, Y, X)`` integers, 0 is background.
    calibration : Calibration
        Axes of the labels, and the size, position and unit of their pixels.
    image : Volume, optional
        Image whose mean intensities are measured, in all channels; without channels it has the
        shape of the labels, but for axes of length 1. None: no intensities.
    classes : ClassTable, optional
        Classes of the objects.
    scores : mapping of int to float, optional
        Label to score, from 0 to 1; objects may be missing.

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
    _check(labels, calibration)
    if image is not None:
        labels, calibration = _with_axes_of(image, labels, calibration)
    plane_axes = calibration.axes[:-2]
    block_shape = (1,) * len(plane_axes) + natural_block(labels)[-2:]
    total = block_count(labels.shape, block_shape)
    sums: list[_ObjectSums] = []
    for done, region in enumerate(block_regions(labels.shape, block_shape), start=1):
        block = np.asarray(labels[region])
        sums += _sums_in_block(block.reshape(block.shape[-2:]), region, plane_axes, image)
        yield done, total
    return _table(_combined(sums, image), calibration, image, classes, scores)


def _check(labels: LabelArray, calibration: Calibration) -> None:
    if np.dtype(labels.dtype).kind not in "ui":
        raise LabelError(f"labels are integers, not {labels.dtype}: choose a label image")
    if len(calibration.axes) != len(labels.shape):
        raise LabelError(
            f"labels of shape {tuple(labels.shape)} do not have the axes {calibration.axes}: give "
            "one letter for each dimension"
        )


def _with_axes_of(
    image: Volume, labels: LabelArray, calibration: Calibration
) -> tuple[LabelArray, Calibration]:
    """Labels, and their calibration, with the axes of length 1 that the image has, and no more."""
    shape, axes = tuple(labels.shape), image.label_axes
    if shape == image.label_shape:
        return labels, calibration
    dimensions = fit_dimensions(calibration.axes, shape, axes, image.label_shape)
    if dimensions is None:
        raise LabelError(
            f"labels of shape {shape} do not fit {image.name} of shape {image.label_shape}: choose "
            "the image that was segmented"
        )
    places = [
        calibration.select(axis) if axis in calibration.axes else image.calibration.select(axis)
        for axis in axes
    ]
    fitted = Calibration(
        axes,
        tuple(place.scale[0] for place in places),
        tuple(place.translate[0] for place in places),
        tuple(place.units[0] for place in places),
    )
    return arranged(labels, Arrangement(axes, dimensions)), fitted


def _sums_in_block(
    block: NDArray[Any], region: tuple[slice, ...], plane_axes: str, image: Volume | None
) -> Iterator[_ObjectSums]:
    """Yield the sums of a block's objects, or nothing if there is only background."""
    values, ranks = np.unique(block, return_inverse=True)
    if not values.any():
        return
    objects = np.flatnonzero(values)  # ranks of the labels, without that of the background
    # find_objects leaves 0 out, so ranks are counted from 1
    boxes_by_rank = ndimage.find_objects(ranks.reshape(block.shape) + 1)
    boxes = [boxes_by_rank[rank] for rank in objects]
    plane = tuple(part.start for part in region[:-2])
    index = dict(zip(plane_axes, plane, strict=True))
    frame, z = index.get("T", 0), index.get("Z", 0)
    pixels = np.bincount(ranks.ravel())[objects]
    rows, cols = np.ogrid[: block.shape[0], : block.shape[1]]
    y_sums, x_sums = (
        _sums_by_rank(ranks, np.broadcast_to(at, block.shape))[objects] for at in (rows, cols)
    )
    y0, x0 = region[-2].start, region[-1].start
    count = len(objects)
    yield _ObjectSums(
        label=values[objects].astype(np.int64),
        frame=np.full(count, frame),
        pixels=pixels,
        positions=np.stack([z * pixels, y_sums + y0 * pixels, x_sums + x0 * pixels], axis=1),
        low=np.array([(z, y0 + y.start, x0 + x.start) for y, x in boxes]),
        high=np.array([(z + 1, y0 + y.stop, x0 + x.stop) for y, x in boxes]),
        values=_image_sums(ranks, plane, region, image)[objects],
    )


def _sums_by_rank(ranks: Ints, values: NDArray[Any]) -> Floats:
    return np.asarray(np.bincount(ranks.ravel(), values.ravel().astype(np.float64)), np.float64)


def _image_sums(
    ranks: Ints, plane: Plane, region: tuple[slice, ...], image: Volume | None
) -> Floats:
    """Sums of the image's values over the pixels of each rank, ``(ranks, channels)``."""
    y, x = region[-2:]
    sums = []
    for volume in () if image is None else _channel_groups(image):
        pixels = volume.read(plane, y.start, x.start, y.stop, x.stop)
        sums += [_sums_by_rank(ranks, pixels[..., i]) for i in range(pixels.shape[-1])]
    return np.stack(sums, axis=1) if sums else np.zeros((int(ranks.max()) + 1, 0))


def _channel_groups(image: Volume) -> Iterator[Volume]:
    """All channels: colours, stored together, in a single group, others alone to save memory."""
    channels = tuple(range(image.channel_count))
    groups = [channels] if image.axes.endswith("C") else [(channel,) for channel in channels]
    for group in groups:
        yield replace(image, channels=group)


def _combined(blocks: list[_ObjectSums], image: Volume | None) -> _ObjectSums:
    """Add up the sums of each object and frame over all blocks."""
    if not blocks:
        none = np.zeros(0, np.int64)
        box, channels = np.zeros((0, 3), np.int64), 0 if image is None else image.channel_count
        return _ObjectSums(none, none, none, box.astype(float), box, box, np.zeros((0, channels)))
    names = ("label", "frame", "pixels", "positions", "low", "high", "values")
    columns = {name: np.concatenate([getattr(sums, name) for sums in blocks]) for name in names}
    keys = np.stack([columns["label"], columns["frame"]], axis=1)
    unique, group = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")  # blocks of one object stand together then
    starts = np.searchsorted(group.ravel()[order], np.arange(len(unique)))
    combine = {"low": np.minimum, "high": np.maximum}
    for name in names[2:]:
        columns[name] = combine.get(name, np.add).reduceat(columns[name][order], starts, axis=0)
    return _ObjectSums(**{**columns, "label": unique[:, 0], "frame": unique[:, 1]})


def _table(
    sums: _ObjectSums,
    calibration: Calibration,
    image: Volume | None,
    classes: ClassTable | None,
    scores: Mapping[int, float] | None,
) -> Measurements:
    labels = sums.label.tolist()
    columns: dict[str, NDArray[Any]] = {"label": sums.label}
    if "T" in calibration.axes:
        columns["t"] = sums.frame
    if classes is not None and classes.classes:
        columns["class"] = np.array([classes.class_of(label) for label in labels], dtype=object)
        if predicted := classes.predicted:
            probabilities = [predicted.get(label, np.nan) for label in labels]
            columns["class_probability"] = np.array(probabilities, float)
    if scores:
        columns["score"] = np.array([scores.get(label, np.nan) for label in labels], float)
    columns["pixels"] = sums.pixels
    columns |= _geometry(sums, calibration)
    if image is not None:
        means = sums.values / sums.pixels[:, None]
        several = "C" in image.axes
        for i in range(means.shape[1]):
            columns[f"intensity_mean_{i}" if several else "intensity_mean"] = means[:, i]
    return Measurements(columns)


def _geometry(sums: _ObjectSums, calibration: Calibration) -> dict[str, NDArray[Any]]:
    space = calibration.select("ZYX")
    at = ["ZYX".index(axis) for axis in space.axes]
    centroid = space.to_world(sums.positions[:, at] / sums.pixels[:, None])
    columns: dict[str, NDArray[Any]] = {
        "volume" if "Z" in space.axes else "area": sums.pixels * np.prod(np.abs(space.scale)),
        "unit": np.full(len(sums.label), "/".join(dict.fromkeys(space.units)), dtype=object),
    }
    names = list(space.axes.lower())
    columns |= {f"centroid_{axis}": centroid[:, i] for i, axis in enumerate(names)}
    columns |= {f"bbox_{axis}0": sums.low[:, i] for i, axis in zip(at, names, strict=True)}
    columns |= {f"bbox_{axis}1": sums.high[:, i] for i, axis in zip(at, names, strict=True)}
    return columns
