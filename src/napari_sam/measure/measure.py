"""Measure: size, place, brightness, shape and neighbours of objects, block by block."""

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError, LabelError
from napari_sam.image.arranged_array import arranged
from napari_sam.image.arrangement import Arrangement
from napari_sam.image.calibration import Calibration
from napari_sam.image.fit import fit_dimensions
from napari_sam.image.volume import Volume
from napari_sam.labels.blocks import block_count, block_regions, natural_block
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray

from .measurements import Measurements
from .object_windows import object_windows
from .shape import shape_of
from .sums import ObjectSums, combined, sums_in_block
from .texture import Texture, object_textures, texture_names

OBJECTS_A_STEP = 50
"""Objects whose shapes or textures are measured between two steps: some tens of milliseconds."""


def measure(
    labels: LabelArray,
    calibration: Calibration,
    image: Volume | None = None,
    *,
    classes: ClassTable | None = None,
    scores: Mapping[int, float] | None = None,
    shape: bool = True,
    texture: Texture | None = None,
) -> Measurements:
    """Measure all objects; the arguments are those of :func:`iter_measure`."""
    steps = iter_measure(
        labels, calibration, image, classes=classes, scores=scores, shape=shape, texture=texture
    )
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
    shape: bool = True,
    texture: Texture | None = None,
) -> Generator[tuple[int, int], None, Measurements]:
    """Measure all objects step by step; neither the labels nor the image are loaded whole.

    All measures that scikit-image's ``regionprops`` has too have its names and values. Area,
    centroid, bounding box and intensities are put together from sums over blocks; for shapes and
    neighbours each object is looked at once more, in its bounding box.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers, 0 is background.
    calibration : Calibration
        Axes of the labels, and the size, position and unit of their pixels.
    image : Volume, optional
        Image whose intensities are measured, in all channels; without channels it has the
        shape of the labels, but for axes of length 1. None: no intensities.
    classes : ClassTable, optional
        Classes of the objects.
    scores : mapping of int to float, optional
        Label to score, from 0 to 1; objects may be missing.
    shape : bool
        Whether shapes and neighbours are measured too: about a millisecond for an object.
    texture : Texture, optional
        Grey levels for the texture of each channel; None: no texture. About a millisecond for an
        object and channel.

    Yields
    ------
    tuple of int
        Steps done, and steps in all: blocks, then objects.

    Returns
    -------
    Measurements
        Rows in the order of labels, then of frames.

    Raises
    ------
    LabelError
        If the shapes do not fit, or labels are no integers.
    ImageError
        If the image cannot be read, or is missing for `texture`.
    """
    labels, calibration = _checked(labels, calibration, image, texture)
    sums, blocks = yield from _sums(labels, calibration.axes[:-2], image)
    shapes = (yield from _shapes(labels, calibration, sums, blocks)) if shape else {}
    table = _table(sums, shapes, calibration, image, classes, scores)
    before = blocks + len(sums.label) * shape
    textures = yield from _textures(labels, image, sums, texture, before)
    return Measurements({**table.columns, **textures})


def _sums(
    labels: LabelArray, plane_axes: str, image: Volume | None
) -> Generator[tuple[int, int], None, tuple[ObjectSums, int]]:
    """Sums over the pixels of each object, after a step for each block, and number of blocks."""
    block_shape = (1,) * len(plane_axes) + natural_block(labels)[-2:]
    blocks = block_count(labels.shape, block_shape)
    parts: list[ObjectSums] = []
    for done, region in enumerate(block_regions(labels.shape, block_shape), start=1):
        block = np.asarray(labels[region])
        parts += sums_in_block(block.reshape(block.shape[-2:]), region, plane_axes, image)
        yield done, blocks
    return combined(parts, image), blocks


def _shapes(
    labels: LabelArray, calibration: Calibration, sums: ObjectSums, blocks: int
) -> Generator[tuple[int, int], None, dict[str, NDArray[Any]]]:
    """Columns of shapes and neighbours, after the steps of all blocks."""
    count = len(sums.label)
    columns: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.full(count, np.nan))
    scale = np.ones(3)
    for axis, size in zip(calibration.axes, calibration.scale, strict=True):
        if axis in "ZYX":
            scale["ZYX".index(axis)] = abs(size)
    solid = "Z" in calibration.axes
    windows = object_windows(labels, calibration.axes[:-2], sums)
    for done, (row, window) in enumerate(windows, start=1):
        shape = shape_of(window, int(sums.label[row]), scale.tolist(), solid)
        for name, value in shape.items():
            columns[name][row] = value
        if done % OBJECTS_A_STEP == 0 or done == count:
            yield blocks + done, blocks + count
    if "neighbours" in columns:
        return {**columns, "neighbours": columns["neighbours"].astype(np.int64)}
    return dict(columns)


def _textures(
    labels: LabelArray,
    image: Volume | None,
    sums: ObjectSums,
    texture: Texture | None,
    before: int,
) -> Generator[tuple[int, int], None, dict[str, NDArray[Any]]]:
    """Columns of texture, channel by channel, after the `before` steps of the other columns."""
    if image is None or texture is None:
        return {}
    suffixes, count = _channel_suffixes(image), len(sums.label)
    columns: dict[str, NDArray[Any]] = {
        f"texture_{name}{suffix}": np.full(count, np.nan)
        for suffix in suffixes
        for name in texture_names()
    }
    total = count * image.channel_count
    textures = object_textures(labels, image, sums, texture)
    for done, (row, channel, values) in enumerate(textures, start=1):
        for name, value in values.items():
            columns[f"texture_{name}{suffixes[channel]}"][row] = value
        if done % OBJECTS_A_STEP == 0 or done == total:
            yield before + done, before + total
    return columns


def _checked(
    labels: LabelArray, calibration: Calibration, image: Volume | None, texture: Texture | None
) -> tuple[LabelArray, Calibration]:
    """Labels, and their calibration, with the axes of the image, if there is an image."""
    if np.dtype(labels.dtype).kind not in "ui":
        raise LabelError(f"labels are integers, not {labels.dtype}: choose a label image")
    if len(calibration.axes) != len(labels.shape):
        raise LabelError(
            f"labels of shape {tuple(labels.shape)} do not have the axes {calibration.axes}: give "
            "one letter for each dimension"
        )
    if texture is not None and image is None:
        raise ImageError("texture is measured in an image: give the image too")
    return (labels, calibration) if image is None else _with_axes_of(image, labels, calibration)


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


def _table(
    sums: ObjectSums,
    shapes: Mapping[str, NDArray[Any]],
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
    columns |= shapes
    if image is not None:
        columns |= _intensities(sums, _channel_suffixes(image))
    return Measurements(columns)


def _channel_suffixes(image: Volume) -> list[str]:
    """End of the columns of each channel: its name if all channels have names, else its number."""
    if "C" not in image.axes:
        return [""]
    names = [name.strip() for name in image.channel_names]
    if not all(names) or len(set(names)) < image.channel_count:
        names = [str(i) for i in range(image.channel_count)]
    return [f"_{name}" for name in names]


def _intensities(sums: ObjectSums, suffixes: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Columns of the image's values, channel by channel."""
    pixels = sums.pixels[:, None]
    means = sums.values / pixels
    variances = np.maximum(sums.squares / pixels - means**2, 0)
    by_name = {
        "mean": means,
        "min": sums.darkest,
        "max": sums.brightest,
        "std": np.sqrt(variances),
        "sum": sums.values,
    }
    return {
        f"intensity_{name}{suffix}": values[:, i]
        for i, suffix in enumerate(suffixes)
        for name, values in by_name.items()
    }


def _geometry(sums: ObjectSums, calibration: Calibration) -> dict[str, NDArray[Any]]:
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
