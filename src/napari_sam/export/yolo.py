"""YOLO: pictures as PNG, with a text of polygons in shares of width and height."""

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from skimage.io import imsave

from napari_sam.evaluate.objects import labelled_pixels
from napari_sam.measure.outlines import polygons_of

from .picture import Picture
from .rings import joined


class YoloWriter:
    """Writer of ``images/PART``, ``labels/PART`` and, at the end, ``data.yaml``.

    See https://docs.ultralytics.com/datasets/segment/ for the format.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts: set[str] = set()

    def add(self, picture: Picture, part: str, names: Sequence[str]) -> None:
        """Write a picture of a part of the data, ``train`` or ``val``; `names` are all classes."""
        self._parts.add(part)
        for kind in ("images", "labels"):
            (self.folder / kind / part).mkdir(parents=True, exist_ok=True)
        place = self.folder / "images" / part / f"{picture.name}.png"
        imsave(place, picture.display, check_contrast=False)
        height, width = picture.labels.shape
        lines = []
        for label, (y0, x0, _, _), pixels in labelled_pixels(picture.labels):
            pieces = polygons_of(pixels, (x0, y0))
            ring = joined(list(chain.from_iterable(pieces)))[:-1] / (width, height)
            numbers = " ".join(f"{value:.6f}" for value in ring.ravel())
            lines.append(f"{names.index(picture.classes[label - 1])} {numbers}\n")
        text = self.folder / "labels" / part / f"{picture.name}.txt"
        text.write_text("".join(lines), encoding="utf-8")

    def finish(self, names: Sequence[str]) -> None:
        """Write the list of parts and classes; training checks itself on `val`, or on `train`."""
        check = "val" if "val" in self._parts else "train"
        document = {"train": "images/train", "val": f"images/{check}", "names": list(names)}
        text = json.dumps(document, ensure_ascii=False, indent=2)  # JSON is YAML, too
        (self.folder / "data.yaml").write_text(text, encoding="utf-8")
