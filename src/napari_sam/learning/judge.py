"""Judge: how well a model segments objects that were held back from the lesson."""

from collections.abc import Iterable

import numpy as np

from napari_sam.embeddings.encode import Encoder
from napari_sam.evaluate.objects import objects_of
from napari_sam.image.intensity import contrast_mapping
from napari_sam.image.volume import Volume
from napari_sam.masks.automatic.plane import segment_planes
from napari_sam.masks.prompted.predict import predict
from napari_sam.model.sam import Sam
from napari_sam.prompts.parse import check_objects
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt
from napari_sam.tiles.grid import grid_of

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
    grid = grid_of(volume, model.config.image_size)
    mapping = contrast_mapping(volume, (0, 255), None)
    encoder = Encoder(model, volume, mapping, grid, None, closer=False)
    objects = dict(enumerate(objects_of(page.labels, smallest=1), 1))
    clicks = {n: (PointPrompt(true.click),) for n, true in objects.items()}
    boxes = {n: (BoxPrompt(*true.box),) for n, true in objects.items()}
    by_click, by_box = (predict(encoder, check_objects(p, volume)) for p in (clicks, boxes))
    masks = [mask for step in segment_planes(encoder, [()]) for mask in step.masks]
    for n, true in objects.items():
        best = max((true.iou(mask) for mask in masks), default=0.0)
        yield (true.iou(by_click[n]) + true.iou(by_box[n]) + best) / 3
