"""Judge: how well a model segments objects that were held back from the lesson."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_sam.embeddings.encode import Encoder
from napari_sam.image.intensity import contrast_mapping
from napari_sam.image.volume import Volume
from napari_sam.masks.automatic.plane import segment_planes
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.masks.prompted.predict import predict
from napari_sam.model.sam import Sam
from napari_sam.prompts.parse import check_objects
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt
from napari_sam.tiles.bbox import BBox, intersection, place
from napari_sam.tiles.grid import TileGrid

from .lesson import Lesson, Page


def judge(model: Sam, lesson: Lesson) -> float:
    """Mean IoU of a click, a box and the object found automatically, over the objects of a lesson.

    Second looks are left out: both models would have them, and they take most of the time.

    Parameters
    ----------
    model : Sam
        The model.
    lesson : Lesson
        Objects that the model has not learned.

    Returns
    -------
    float
        0 to 1.
    """
    scores = [score for page in lesson.pages for score in _of_page(model, page)]
    return float(np.mean(scores))


def _of_page(model: Sam, page: Page) -> Iterable[float]:
    volume = Volume.from_array(page.rgb, axes="YXC")
    size = model.config.image_size
    grid = TileGrid(volume.height, volume.width, size, overlap=size * 3 // 16)
    mapping = contrast_mapping(volume, (0, 255), None)
    encoder = Encoder(model, volume, mapping, grid, None, closer=False)
    numbers = range(1, len(page.boxes) + 1)
    clicks = {n: (_click(page, n),) for n in numbers}
    boxes = {n: (_box(page.boxes[n - 1]),) for n in numbers}
    by_click, by_box = (predict(encoder, check_objects(p, volume)) for p in (clicks, boxes))
    masks = [mask for step in segment_planes(encoder, [()]) for mask in step.masks]
    for n in numbers:
        best = max((_iou(page, n, mask) for mask in masks), default=0.0)
        yield (_iou(page, n, by_click[n]) + _iou(page, n, by_box[n]) + best) / 3


def _object(page: Page, number: int) -> NDArray[np.bool_]:
    y0, x0, y1, x1 = page.boxes[number - 1]
    pixels: NDArray[np.bool_] = page.labels[y0:y1, x0:x1] == number
    return pixels


def _click(page: Page, number: int) -> PointPrompt:
    y0, x0, *_ = page.boxes[number - 1]
    y, x = innermost(_object(page, number))
    return PointPrompt((float(y0 + y), float(x0 + x)))


def _box(bbox: BBox) -> BoxPrompt:
    y0, x0, y1, x1 = bbox
    return BoxPrompt((float(y0), float(x0)), (float(y1 - 1), float(x1 - 1)))


def _iou(page: Page, number: int, mask: Mask) -> float:
    bbox, pixels = page.boxes[number - 1], _object(page, number)
    shared = intersection(bbox, mask.bbox)
    if shared is None:
        return 0.0
    common = pixels[place(shared, bbox)] & mask.pixels[place(shared, mask.bbox)]
    overlap = int(np.count_nonzero(common))
    total = int(np.count_nonzero(pixels)) + int(np.count_nonzero(mask.pixels))
    return overlap / max(total - overlap, 1)
