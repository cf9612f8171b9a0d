"""COCO: pictures as PNG, and a JSON of objects for each part of the data."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.io import imsave

from napari_sam.evaluate.objects import labelled_pixels
from napari_sam.measure.outlines import polygons_of

from .picture import Picture
from .rings import joined
from .run_lengths import run_lengths


class CocoWriter:
    """Writer of ``images/*.png`` and, at the end, ``train.json`` and ``val.json``.

    See https://cocodataset.org/#format-data for the fields.

    Parameters
    ----------
    folder : Path
        An empty folder.
    polygons : bool
        Whether to write polygons instead of run lengths.
    """

    def __init__(self, folder: Path, polygons: bool) -> None:
        self.folder, self.polygons = folder, polygons
        self._images: dict[str, list[dict[str, Any]]] = {}
        self._annotations: dict[str, list[dict[str, Any]]] = {}
        self._objects = self._pictures = 0
        (folder / "images").mkdir()

    def add(self, picture: Picture, part: str, names: Sequence[str]) -> None:
        """Write a picture of a part of the data, ``train`` or ``val``; `names` are all classes."""
        file = f"{picture.name}.png"
        imsave(self.folder / "images" / file, picture.display, check_contrast=False)
        self._pictures += 1
        height, width = picture.labels.shape
        image = {"id": self._pictures, "file_name": file, "width": width, "height": height}
        self._images.setdefault(part, []).append(image)
        annotations = self._annotations.setdefault(part, [])
        for label, (y0, x0, y1, x1), pixels in labelled_pixels(picture.labels):
            self._objects += 1
            if self.polygons:
                segmentation: Any = _polygons(pixels, (x0, y0))
            else:
                mask = np.zeros((height, width), bool)
                mask[y0:y1, x0:x1] = pixels
                segmentation = {"size": [height, width], "counts": run_lengths(mask)}
            annotations.append(
                {
                    "id": self._objects,
                    "image_id": self._pictures,
                    "category_id": 1 + names.index(picture.classes[label - 1]),
                    "segmentation": segmentation,
                    "area": int(np.count_nonzero(pixels)),
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "iscrowd": 0,
                }
            )

    def finish(self, names: Sequence[str]) -> None:
        """Write the documents."""
        categories = [{"id": i, "name": name} for i, name in enumerate(names, start=1)]
        for part, images in self._images.items():
            document = {
                "images": images,
                "annotations": self._annotations[part],
                "categories": categories,
            }
            text = json.dumps(document, ensure_ascii=False)
            (self.folder / f"{part}.json").write_text(text, encoding="utf-8")


def _polygons(pixels: NDArray[np.bool_], corner: tuple[int, int]) -> list[list[float]]:
    """A polygon ``x, y, x, y ...`` for each piece of an object, holes joined to its ring."""
    return [joined(piece)[:-1].ravel().tolist() for piece in polygons_of(pixels, corner)]
