"""Judge: IoU of a model on objects held back from the lesson."""

from collections.abc import Generator, Iterator
from typing import TypeVar

import numpy as np

from napari_sam.embeddings.encode import Encoder
from napari_sam.evaluate.objects import objects_of
from napari_sam.image.intensity import contrast_mapping
from napari_sam.image.volume import Volume
from napari_sam.masks.automatic.plane import segment_planes
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.tiles.grid import grid_of

from .lesson import Lesson, Page
from .one_thread import on_one_thread
from .prompted_iou import box_ious, click_ious

Step = TypeVar("Step")


def judge(model: Sam, lesson: Lesson, step: Step) -> Generator[Step, None, float]:
    """Mean IoU of a click, a box and the object found automatically, over the objects of a lesson.

    Second looks are left out: both models would have them, and they take most of the time.

    Parameters
    ----------
    model : Sam
        The model.
    lesson : Lesson
        Objects that the model has not learned.
    step : Step
        Yielded between two parts of the work, none of which takes longer than a tile.

    Yields
    ------
    Step
        `step`: a caller may do other work, such as answering a click.

    Returns
    -------
    float
        0 to 1.
    """
    scores: list[float] = []
    for page in lesson.pages:
        for scores_of_page in on_one_thread(_of_page(model, page)):
            scores += scores_of_page
            yield step
    return float(np.mean(scores))


def _of_page(model: Sam, page: Page) -> Iterator[list[float]]:
    """Scores of the objects of a page with the last part of the work; none with those before."""
    volume = Volume.from_array(page.rgb, axes="YXC")
    grid = grid_of(volume.height, volume.width, model.config.image_size)
    mapping = contrast_mapping(volume, (0, 255), None)
    encoder = Encoder(model, volume, mapping, grid, None, closer=False)
    objects = dict(enumerate(objects_of(page.labels, smallest=1), 1))
    for tile in grid.tiles(()):
        encoder.get(tile)
        yield []
    by_click = click_ious(encoder, volume, (), objects)
    yield []
    by_box = box_ious(encoder, volume, (), objects)
    yield []
    masks: list[Mask] = []
    for segmented in segment_planes(encoder, [()]):
        masks += segmented.masks
        yield []
    best = {n: max(map(true.iou, masks), default=0.0) for n, true in objects.items()}
    yield [(by_click[n] + by_box[n] + best[n]) / 3 for n in objects]
