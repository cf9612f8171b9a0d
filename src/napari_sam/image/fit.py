"""Fit: labels to the axes of their image, past axes of length 1."""

from collections.abc import Sequence
from typing import Any

from napari_sam.errors import LabelError

from .arranged_array import arranged
from .arrangement import Arrangement
from .axis_names import UNNAMED
from .volume import Volume


def fit_labels(name: str, labels: Any, letters: Sequence[str] | None, image: Volume) -> Any:
    """View labels with the axes of their image; no pixel is read.

    Axes of length 1 may be missing or added on either side. Axes with known letters are matched by
    letter, in any order; others by their order.

    Parameters
    ----------
    name : str
        The file of the labels, for messages.
    labels : array-like
        With ``shape``, ``dtype`` and slicing by integers and slices.
    letters : sequence of str, optional
        What each dimension of the labels is, see
        :func:`~napari_sam.image.arrangement.arrange`; None if unknown.
    image : Volume
        The image.

    Returns
    -------
    array-like
        ``image.label_shape``; `labels` itself if they have that shape and order.

    Raises
    ------
    LabelError
        If the labels do not fit.
    """
    shape = tuple(int(n) for n in labels.shape)
    dimensions = fit_dimensions(letters, shape, image.label_axes, image.label_shape)
    if dimensions is None:
        raise LabelError(
            f"{name} is of shape {shape} and {image.name} of {image.label_shape}: give the labels "
            "of this image, without channels, or choose the image that was segmented"
        )
    return arranged(labels, Arrangement(image.label_axes, dimensions))


def fit_dimensions(
    letters: Sequence[str] | None, shape: Sequence[int], axes: str, axes_shape: Sequence[int]
) -> tuple[tuple[int, ...], ...] | None:
    """Dimension of labels for each axis of an image.

    Parameters
    ----------
    letters : sequence of str, optional
        What each dimension of the labels is.
    shape : sequence of int
        Shape of the labels.
    axes : str
        Letters of the image's axes without channels.
    axes_shape : sequence of int
        Lengths of these axes.

    Returns
    -------
    tuple of tuple of int, or None
        See :class:`~napari_sam.image.arrangement.Arrangement`; None if the labels do not fit.
    """
    names = tuple(letters or ())
    if names and UNNAMED not in names and len(set(names)) == len(names):
        by_letter = {letter: i for i, letter in enumerate(names) if letter in axes}
        dimensions = tuple((by_letter[axis],) if axis in by_letter else () for axis in axes)
        if _fits(dimensions, shape, axes_shape):
            return dimensions
    if tuple(shape) == tuple(axes_shape):
        return tuple((i,) for i in range(len(shape)))
    long = iter((i,) for i, n in enumerate(shape) if n > 1)
    dimensions = tuple(() if n == 1 else next(long, ()) for n in axes_shape)
    return dimensions if _fits(dimensions, shape, axes_shape) else None


def _fits(
    dimensions: tuple[tuple[int, ...], ...], shape: Sequence[int], axes_shape: Sequence[int]
) -> bool:
    """Whether dimensions have the lengths of the axes, and others a length of 1."""
    used = [d for source in dimensions for d in source]
    lengths = [shape[source[0]] if source else 1 for source in dimensions]
    unused = set(range(len(shape))).difference(used)
    return lengths == list(axes_shape) and all(shape[d] == 1 for d in unused)
