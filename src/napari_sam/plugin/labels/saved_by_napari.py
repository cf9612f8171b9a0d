"""Saved by napari: labels in a file that napari's own writer wrote; no Qt.

napari does not tell a plugin that it saved a layer, nor where. It remembers the folders of its save
dialog, so files there, and beside the image, are compared with the labels.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
from napari.utils.history import get_save_history

from napari_sam.errors import ImageError
from napari_sam.image.read import read_image
from napari_sam.image.volume import Plane
from napari_sam.journal.content import Content
from napari_sam.labels.label_array import LabelArray
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.tiles.bbox import BBox

from .replayed_labels import empty_labels

_SUFFIXES = (".tif", ".tiff")

_LOOKED_AT = 50
"""Number of files that are compared, at most, the newest first: an acquisition may write thousands
of images into a folder."""


def file_with(content: Content, source: ImageSource, path: str) -> Path | None:
    """Find a TIFF with the labels of a journal.

    Parameters
    ----------
    content : Content
        Of the journal.
    source : ImageSource
        The image.
    path : str
        Its file; empty without a file.

    Returns
    -------
    Path or None
        None if no file has all labels where the journal changed any; and for labels with classes,
        which napari's writer leaves out.
    """
    if not content.changes or content.damaged or content.classes.of_label:
        return None
    candidates = list(_candidates(content, path))
    if not candidates:
        return None
    labels = empty_labels(source.label_shape, np.dtype(np.uint32))
    for entry in content.changes:
        entry.apply(labels)
    boxes = _boxes(content)
    return next((file for file in candidates if _has(file, source, labels, boxes)), None)


def _candidates(content: Content, path: str) -> Iterator[Path]:
    """Yield TIFF files that were written after the first change, the newest first."""
    since = datetime.fromisoformat(content.changes[0].time).timestamp()
    folders = {*map(Path, get_save_history()), *([Path(path).parent] if path else [])}
    times = {
        file: file.stat().st_mtime
        for folder in folders
        if folder.is_dir()
        for file in folder.iterdir()
        if file.suffix.lower() in _SUFFIXES and file.is_file()
    }
    newer = [file for file, time in times.items() if time >= since]
    yield from sorted(newer, key=lambda file: times[file], reverse=True)[:_LOOKED_AT]


def _boxes(content: Content) -> dict[Plane, BBox]:
    """Box around all changes of each plane."""
    boxes: dict[Plane, BBox] = {}
    for edit in (edit for entry in content.changes for edit in entry.edits):
        y0, x0, y1, x1 = boxes.get(edit.plane, edit.bbox)
        a0, b0, a1, b1 = edit.bbox
        boxes[edit.plane] = (min(y0, a0), min(x0, b0), max(y1, a1), max(x1, b1))
    return boxes


def _has(file: Path, source: ImageSource, labels: LabelArray, boxes: Mapping[Plane, BBox]) -> bool:
    """Whether a file has the labels of all boxes."""
    try:
        data = read_image(file, axes=source.layer_axes).data
    except ImageError:
        return False
    shape = tuple(source.data.shape[: len(source.layer_axes)])
    if tuple(data.shape) != shape or data.dtype.kind not in "iu":
        return False
    for plane, (y0, x0, y1, x1) in boxes.items():
        place = (slice(y0, y1), slice(x0, x1))
        saved = np.asarray(data[(*source.to_leading(plane), *place)])
        if not np.array_equal(saved, np.asarray(labels[(*plane, *place)])):
            return False
    return True
