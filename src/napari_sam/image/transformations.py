"""Transformations: linear maps from the pixels of an OME-Zarr image to the world."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .physical_size import Spacing

_TOLERANCE = 1e-9
"""Share of the size of a pixel below which an entry beside the diagonal counts as rounding."""

_LARGEST = 1e30
"""Numbers of a transformation above which nothing is measured: products of some stay finite."""

_FIELDS = ("displacements", "coordinates")
"""Types that bend the image, and change the size of a pixel little."""

Matrix = NDArray[np.float64]


def size_and_origin(
    letters: Sequence[str], units: Sequence[str], steps: Sequence[dict[str, Any]]
) -> tuple[Spacing, dict[str, float], tuple[str, ...]]:
    """Size of a pixel and position of the first along each axis.

    Parameters
    ----------
    letters : sequence of str
        Letter of each dimension.
    units : sequence of str
        Unit along each, which may be empty.
    steps : sequence of dict
        Transformations, each applied to the result of those before: ``identity``, ``scale``,
        ``translation``, ``affine``, ``rotation`` and ``sequence`` are composed.

    Returns
    -------
    Spacing
        In a turned or sheared image, a size is the length of a step of one pixel. Empty if a
        transformation cannot be read.
    dict of str to float
        Position of the first pixel.
    tuple of str
        What was not applied.
    """
    linear = [step for step in steps if step.get("type") not in _FIELDS]
    sentences = [
        f"its transformation {step.get('type')} is not applied: positions are not quite right"
        for step in steps if step not in linear
    ]  # fmt: skip
    try:
        with np.errstate(all="ignore"):  # what is too large is no size afterwards
            matrix = _composed(linear, len(letters))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        unusable = f"its transformations cannot be used ({error}): lengths are in pixels"
        return {}, {}, (*sentences, unusable)
    sizes = np.diag(matrix)[:-1].copy()
    turned = _turned_axes(matrix)
    for i in turned:
        row_units = {units[int(j)] for j in np.flatnonzero(matrix[:-1, i])}
        sizes[i] = np.linalg.norm(matrix[:-1, i]) if len(row_units) == 1 else math.nan
    if turned:
        axes = ", ".join(letters[i].lower() for i in turned)
        sentences.append(
            f"it is turned or sheared along {axes}: sizes of a pixel are right, positions in the "
            "world are not"
        )
    spacing = dict(zip(letters, zip(map(float, sizes), units, strict=True), strict=True))
    origin = dict(zip(letters, map(float, matrix[:-1, -1]), strict=True))
    return spacing, origin, tuple(sentences)


def _turned_axes(matrix: Matrix) -> list[int]:
    """Dimensions that the image is turned or sheared along: entries beside the diagonal."""
    linear = np.abs(matrix[:-1, :-1])
    beside = linear - np.diag(np.diag(linear))
    return [int(i) for i in np.flatnonzero(beside.max(axis=0) > _TOLERANCE * linear.max())]


def _composed(steps: Sequence[dict[str, Any]], ndim: int) -> Matrix:
    """Matrix of all steps, for positions with a 1 behind."""
    matrix = np.eye(ndim + 1)
    for step in steps:
        matrix = _matrix(step, ndim) @ matrix
    return matrix


def _matrix(step: dict[str, Any], ndim: int) -> Matrix:
    kind = step.get("type")
    matrix = np.eye(ndim + 1)
    if kind == "scale":
        matrix[range(ndim), range(ndim)] = _numbers(step, "scale", (ndim,))
    elif kind == "translation":
        matrix[:ndim, ndim] = _numbers(step, "translation", (ndim,))
    elif kind == "rotation":
        matrix[:ndim, :ndim] = _numbers(step, "rotation", (ndim, ndim))
    elif kind == "affine":
        matrix[:ndim] = _numbers(step, "affine", (-1, ndim + 1))[:ndim]
    elif kind == "sequence":
        return _composed(step["transformations"], ndim)
    elif kind != "identity":
        raise ValueError(f"type {kind}")
    return matrix


def _numbers(step: dict[str, Any], key: str, shape: tuple[int, ...]) -> Matrix:
    """Numbers of a step as an array; drafts of OME-Zarr write a matrix as a flat list."""
    if key not in step:
        raise ValueError(f"{key} without numbers in it")
    try:
        numbers = np.asarray(step[key], np.float64).reshape(shape)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{key} does not fit the axes") from None
    if not (np.abs(numbers) < _LARGEST).all():
        raise ValueError(f"{key} with numbers that are too large")
    if key == "affine" and len(numbers) not in (shape[1] - 1, shape[1]):
        raise ValueError("affine does not fit the axes")
    return numbers
