"""Writers: a Labels or Tracks layer to a file, for napari's File > Save."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from napari_sam.errors import LabelError
from napari_sam.image.calibration import Calibration
from napari_sam.labels.files.write import SUFFIXES, WriteOptions, write_labels
from napari_sam.labels.files.write_tracks import write_tracks
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.tracks import Tracks
from napari_sam.plugin.image.image_source import axis_letters
from napari_sam.plugin.labels.class_layer import classes_of_layer
from napari_sam.plugin.labels.journals import journal_of_data
from napari_sam.plugin.labels.ratings import SCORE, scores_of_layer
from napari_sam.plugin.layers.conventions import AXES_KEY, FILE_KEY

_DEFAULT_SUFFIX = ".ome.tif"


def write_labels_layer(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Save a Labels layer with scale and units, in the format of the path's suffix.

    Parameters
    ----------
    path : str
        ``.ome.tif``, ``.tif``, ``.ome.zarr`` or ``.zarr``; without any of them, ``.ome.tif`` is
        added. napari has asked already whether a file that exists shall be replaced.
    data : array-like or list of array-like
        Labels; of a multiscale layer the first level is written.
    attributes : mapping
        napari's attributes of the layer.

    Returns
    -------
    list of str
        Paths that were written.

    Raises
    ------
    OutputError
        If it cannot be written there, or is the file of the image.
    LabelError
        If the format cannot hold the labels.
    """
    named = path.lower().endswith(SUFFIXES)
    # About the name with our suffix, napari has not asked.
    labels, options = labels_and_options(data, attributes, overwrite=named)
    target = path if named else f"{path}{_DEFAULT_SUFFIX}"
    written = write_labels(target, labels, **options)
    journal = journal_of_data(data)
    if journal is not None:  # a copy of the layer has none
        journal.note_saved()
    return written


def labels_and_options(
    data: Any, attributes: Mapping[str, Any], *, overwrite: bool
) -> tuple[LabelArray, WriteOptions]:
    """Labels of a layer without channels, and the options to write them with.

    Parameters
    ----------
    data, attributes
        See :func:`write_labels_layer`.
    overwrite : bool
        Whether to replace labels that exist.

    Returns
    -------
    LabelArray, WriteOptions
        Arguments of :func:`~napari_sam.labels.files.write.write_labels`.

    Raises
    ------
    LabelError
        If the labels differ between channels.
    """
    labels = data[0] if attributes.get("multiscale") else data
    axes = _axes(labels.ndim, attributes)
    without_channels = [i for i, axis in enumerate(axes) if axis != "C"]
    if len(without_channels) < labels.ndim:
        labels = _first_channel(labels, axes)
    metadata = attributes.get("metadata", {})
    return labels, {
        "overwrite": overwrite,
        "axes": "".join(axes[i] for i in without_channels),
        "scale": _of(attributes, "scale", without_channels),
        "units": _of(attributes, "units", without_channels),
        "translate": _of(attributes, "translate", without_channels),
        "source": metadata.get(FILE_KEY),  # refused as a target, though napari has asked
        "properties": {k: {SCORE: v} for k, v in scores_of_layer(metadata).items()},
        "classes": classes_of_layer(metadata),
    }


def write_tracks_layer(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Save a Tracks layer as a table or as a graph.

    Parameters
    ----------
    path : str
        ``.csv`` or ``.geff``; without any of them, ``.csv`` is added.
    data : array-like
        ``(N, D)``: label, then coordinates, time first.
    attributes : mapping
        napari's attributes of the layer.

    Returns
    -------
    list of str
        Paths that were written.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    named = path.lower().endswith((".csv", ".geff"))
    target = path if named else f"{path}.csv"
    rows = np.asarray(data, float)
    axes = axis_letters(rows.shape[1] - 1, attributes.get("axis_labels") or ())
    if axes == "ZYX":
        axes = "TYX"  # without names, napari's Tracks layer has time first
    graph = attributes.get("graph") or {}
    parents = {int(k): tuple(int(i) for i in np.atleast_1d(v)) for k, v in graph.items()}
    columns = range(len(axes))
    calibration = Calibration.checked(
        axes,
        _of(attributes, "scale", columns),
        _of(attributes, "translate", columns),
        _of(attributes, "units", columns),
    )
    write_tracks(
        target,
        Tracks(axes, rows[np.lexsort((rows[:, 1], rows[:, 0]))], parents),
        calibration,
        overwrite=named,
    )
    return [target]


def _axes(ndim: int, attributes: Mapping[str, Any]) -> str:
    noted = attributes.get("metadata", {}).get(AXES_KEY, "")
    return noted if len(noted) == ndim else axis_letters(ndim, attributes.get("axis_labels") or ())


def _first_channel(labels: Any, axes: str) -> Any:
    # Labels of the dock are one memory under all channels; those of others may differ in each.
    channel = axes.index("C")
    first = labels[(slice(None),) * channel + (0,)]
    if labels.shape[channel] > 1 and getattr(labels, "strides", (1,) * 9)[channel] != 0:
        same = np.all(np.asarray(labels) == np.expand_dims(np.asarray(first), channel))
        if not same:
            raise LabelError(
                "the labels differ between channels: save each channel as a layer of its own"
            )
    return first


def _of(attributes: Mapping[str, Any], key: str, axes: Sequence[int]) -> tuple[Any, ...] | None:
    values = attributes.get(key)
    if values is None:
        return None
    return tuple(str(values[i]) if key == "units" else float(values[i]) for i in axes)
