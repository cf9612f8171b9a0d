"""Pixel step: loss of the whole model on windows around objects."""

from collections.abc import Sequence

import torch
from numpy.random import Generator
from scipy.ndimage import binary_dilation
from torch import Tensor
from torch.nn import functional

from napari_sam.errors import LearningError
from napari_sam.learning.batch import Batch
from napari_sam.learning.cut_windows import JITTER, LARGEST_SHARE, SIZES, ZOOMS, cut_windows
from napari_sam.learning.gather import RING
from napari_sam.learning.lesson import Lesson, Page
from napari_sam.learning.losses import partial_proposal_loss, proposal_loss
from napari_sam.learning.prompts import BACKGROUND_SHARE
from napari_sam.learning.targets import STRIDE
from napari_sam.learning.teach import DENSE_WEIGHT, GRID, Step, batch_of, prompted_loss
from napari_sam.learning.windows import Windows, normalise
from napari_sam.model.config import PATCH, ModelConfig
from napari_sam.model.sam import Sam
from napari_sam.tiles.bbox import BBox, grown, intersection
from napari_sam.tiles.grid import Tile

from .labelled_plane import LabelledPlane

OBJECTS = max(count for _, _, count in SIZES)
"""Objects around which the windows of a step are cut."""

_REACH = max(size for _, size, _ in SIZES) / ZOOMS[0]
"""Side of the largest window, in image pixels, around an object that is not reduced."""


def pixel_step(planes: Sequence[LabelledPlane], before: Sam, partial: bool) -> Step:
    """Loss of clicks, boxes and proposals of the whole model.

    Parameters
    ----------
    planes : sequence of LabelledPlane
        To learn from; each with an object.
    before : Sam
        The model before it learned: where nothing is known, its proposals are held.
    partial : bool
        Whether a pixel without a label may be anything. Otherwise it is background.

    Returns
    -------
    Step
        For :func:`~napari_sam.finetuning.optimise.optimise`.

    Raises
    ------
    LearningError
        If the image encoder cannot be trained.
    """
    if not can_train_encoder(before.config):
        raise LearningError(
            f"the image encoder of {before.config.name} cannot be trained here: leave out "
            "--encoder, or choose cells-tiny"
        )
    images = _by_image(planes)

    def loss(learner: Sam, rng: Generator) -> Tensor:
        pages = tuple(_page(*_draw(images, rng), partial) for _ in range(OBJECTS))
        cut = cut_windows(Lesson(pages), rng)
        windows = on_device(cut.windows, learner.device)
        image = normalise(learner.config, windows.rgb)
        free = GRID - image.shape[-1] // PATCH
        offset = int(rng.integers(free + 1)), int(rng.integers(free + 1))
        everything_known = not partial and all(page.known.all() for page in pages)
        batch = batch_of(windows, offset, BACKGROUND_SHARE if everything_known else 0.0)
        features = learner.image_encoder(image, offset)
        if everything_known:
            dense = proposal_loss(features.proposals, batch.targets)
        else:
            known = cut.known.to(learner.device)
            dense = _partial_loss(features.proposals, before, image, batch, known)
        return prompted_loss(learner, batch, features, rng) + DENSE_WEIGHT * dense

    return loss


def can_train_encoder(config: ModelConfig) -> bool:
    """Whether the image encoder of a model proposes objects with boxes, as that of cells-tiny."""
    return config.proposals and config.proposal_boxes


def _partial_loss(
    proposals: Tensor | None, before: Sam, image: Tensor, batch: Batch, known: Tensor
) -> Tensor:
    with torch.no_grad():
        old = before.image_encoder(image, batch.offset).proposals
    assert proposals is not None  # pixel_step refuses models without
    cells = functional.avg_pool2d(known.float(), STRIDE) > 0.99
    return partial_proposal_loss(proposals, old, batch.targets, cells)


def on_device(windows: Windows, device: torch.device) -> Windows:
    """Windows on the device of the model."""
    return Windows(
        windows.rgb.to(device),
        windows.labels.to(device),
        windows.inner.to(device),
        windows.depth.to(device),
        windows.areas.to(device),
    )


def _by_image(planes: Sequence[LabelledPlane]) -> list[list[tuple[LabelledPlane, int]]]:
    """Planes with the label of each object, by image."""
    images: dict[int, list[tuple[LabelledPlane, int]]] = {}
    for plane in planes:
        images.setdefault(plane.image, []).extend((plane, number) for number in plane.boxes)
    return list(images.values())


def _draw(
    images: list[list[tuple[LabelledPlane, int]]], rng: Generator
) -> tuple[LabelledPlane, int]:
    """Draw an image, then an object in it, so that all images have the same weight."""
    objects = images[int(rng.integers(len(images)))]
    return objects[int(rng.integers(len(objects)))]


def _page(plane: LabelledPlane, number: int, partial: bool) -> Page:
    """Surroundings of an object, with room for every window around it."""
    box = plane.boxes[number]
    side = max(box[2] - box[0], box[3] - box[1])
    window = max(_REACH, side / LARGEST_SHARE)
    margin = round(window * (0.5 + JITTER * (1 - LARGEST_SHARE)) - side / 2) + 2
    height, width = plane.labels.shape
    region: BBox = intersection(grown(box, max(margin, 0)), (0, 0, height, width)) or box
    y0, x0, y1, x1 = region
    labels, rgb = plane.labels[y0:y1, x0:x1], plane.rgb[y0:y1, x0:x1]
    known = labels >= 0
    if partial:
        known = binary_dilation(labels > 0, iterations=RING)
    if plane.hidden is not None:
        known &= ~plane.hidden[y0:y1, x0:x1]
    inside = box[0] - y0, box[1] - x0, box[2] - y0, box[3] - x0
    return Page(
        Tile((), 0, 0, *region[:2], y1 - y0, x1 - x0), region, rgb, labels, known, (inside,)
    )
