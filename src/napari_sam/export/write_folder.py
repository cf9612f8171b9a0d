"""Write folder: pictures to a folder of training data, complete or not at all."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from napari_sam.errors import LabelError, OutputError
from napari_sam.labels.files.atomic import replacing
from napari_sam.labels.files.target import check_may_replace

from .coco import CocoWriter
from .layout import Layout
from .pair_folders import PairWriter
from .picture import NO_CLASS, Picture
from .yolo import YoloWriter

MARK = "napari-sam-export.json"
"""File in an exported folder: a folder without it is never replaced."""


class Writer(Protocol):
    """Writer of a layout into a folder."""

    def add(self, picture: Picture, part: str, names: Sequence[str]) -> None:
        """Write a picture of a part of the data; `names` are the classes so far."""

    def finish(self, names: Sequence[str]) -> None:
        """Write the files that describe all pictures; `names` are all classes."""


def write_folder(
    folder: Path, pictures: Iterable[Picture], layout: Layout, apart: float = 0.0
) -> Iterator[Picture]:
    """Write pictures as training data; after an error the folder is as it was before.

    Parameters
    ----------
    folder : Path
        New folder, or one that was written by this function.
    pictures : iterable of Picture
        From :func:`~napari_sam.export.picture.pictures`.
    layout : Layout
        The program that reads them.
    apart : float
        Share of the pictures, 0 to below 1, that is kept for validation: evenly through the list,
        the same in each export.

    Yields
    ------
    Picture
        Each picture when it is written.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    LabelError
        If there is no picture with an object.
    """
    names: list[str] = []
    count = 0
    with replacing(folder) as place:
        place.mkdir()
        writer = _writer(place, layout)
        for count, picture in enumerate(pictures, start=1):
            names += sorted(set(picture.classes) - set(names))
            is_apart = int(count * apart) > int((count - 1) * apart)
            writer.add(picture, "val" if is_apart else "train", names)
            yield picture
        if not count:
            raise LabelError("there is no object in the labels: choose others")
        writer.finish(names or [NO_CLASS])
        mark = {"layout": layout.value, "pictures": count, "classes": names}
        (place / MARK).write_text(json.dumps(mark, indent=2), encoding="utf-8")


def check_folder(folder: Path, overwrite: bool) -> None:
    """Check that a folder may be written.

    Raises
    ------
    OutputError
        If the folder around it is missing, or it holds something else than an export, or an export
        and `overwrite` is off.
    """
    if not folder.parent.is_dir():
        raise OutputError(
            f"the folder {folder.parent} does not exist: create it, or choose another one"
        )
    if not os.path.lexists(folder):
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file()):
        raise OutputError(f"{folder} holds something else: choose another name")
    check_may_replace(folder, overwrite or not any(folder.iterdir()))


def _writer(place: Path, layout: Layout) -> Writer:
    if layout is Layout.YOLO:
        return YoloWriter(place)
    if layout in (Layout.CELLPOSE, Layout.STARDIST):
        return PairWriter(place, layout)
    return CocoWriter(place, polygons=layout is Layout.COCO_POLYGONS)
