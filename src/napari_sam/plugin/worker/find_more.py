"""Find more: objects like a few labels, in the worker; no Qt, no napari."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.errors import LabelError, LearningError
from napari_sam.evaluate.objects import labelled_pixels
from napari_sam.image.volume import Plane
from napari_sam.labels.blocks import block_count, block_regions, natural_block
from napari_sam.labels.label_array import LabelArray
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.clean import AS_IT_IS, Cleaning
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.tiles.bbox import BBox

from .encode_ahead import ready
from .events import Event, Progress, Proposed

if TYPE_CHECKING:
    from napari_sam.learning.alike.find_alike import AlikeStep
    from napari_sam.session import Session

MOST_EXAMPLES = 12
"""Examples of a kind, at most: those with the highest labels, which were accepted last."""


@dataclass(frozen=True, slots=True, eq=False)
class AlikeRequest:
    """Which labels are examples, and where to look for more.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers.
    examples : collection of int, optional
        Labels of the kind; by default those accepted last.
    others : collection of int
        Labels of other kinds.
    unknown : collection of int
        Labels that are no examples unless they are chosen: automatic ones at which nobody has
        looked.
    planes : sequence of tuple of int, optional
        All by default.
    within : tuple of int, optional
        ``(y0, x0, y1, x1)``, data pixels.
    cleaning : Cleaning
        Applied to the masks.
    """

    labels: LabelArray
    examples: frozenset[int] | None = None
    others: frozenset[int] = frozenset()
    unknown: frozenset[int] = frozenset()
    planes: Sequence[Plane] | None = None
    within: BBox | None = None
    cleaning: Cleaning = AS_IT_IS


def find_more(
    session: "Session", source: ImageSource, request: AlikeRequest
) -> Generator[Event, None, None]:
    """Find objects like the examples of a request.

    Yields
    ------
    Event
        Progress, tiles that are ready, and :class:`~napari_sam.plugin.worker.events.Proposed`.

    Raises
    ------
    LabelError
        If there is no example, or one that nothing can be learned from.
    """
    masks = yield from _masks_by_label(request.labels)
    chosen = masks.keys() - request.unknown if request.examples is None else request.examples
    examples = {label: masks[label] for label in masks.keys() & chosen - request.others}
    if not examples:
        raise LabelError("there is no example: accept an object first, or choose other examples")
    yield Progress("Learning the examples")
    steps = session.find_alike(
        _last(examples, MOST_EXAMPLES),
        _last({k: masks[k] for k in masks.keys() & request.others}, MOST_EXAMPLES),
        request.planes,
        request.within,
    )
    for step in _asked(steps):
        words = "Learning the examples" if step.tile is None else "Looking for more"
        yield Progress(words, step.done, step.total)
        if step.tile is not None:
            yield ready(session, source, [step.tile])
        if clean := tuple(map(request.cleaning.apply, step.masks)):
            yield Proposed(tuple(filter(request.cleaning.is_object, clean)))


def _asked(steps: Iterator["AlikeStep"]) -> Iterator["AlikeStep"]:
    """Steps of a search; examples too small to learn from are the user's to change, no failure."""
    try:
        yield from steps
    except LearningError as error:
        raise LabelError(str(error)) from error


def _last(masks: dict[int, Mask], most: int) -> list[Mask]:
    return [masks[label] for label in sorted(masks)[-most:]]


def _masks_by_label(labels: LabelArray) -> Generator[Event, None, dict[int, Mask]]:
    """The largest section of each label, by label."""
    largest: dict[int, Mask] = {}
    block = natural_block(labels)
    total = block_count(labels.shape, block)
    for done, region in enumerate(block_regions(labels.shape, block), start=1):
        for mask, label in _sections(np.asarray(labels[region]), [part.start for part in region]):
            if label not in largest or mask.area > largest[label].area:
                largest[label] = mask
        if total > 1:
            yield Progress("Looking for the examples", done, total)
    return largest


def _sections(pixels: np.ndarray, start: Sequence[int]) -> Iterable[tuple[Mask, int]]:
    """Masks and labels of the objects on each plane of a block that begins at `start`."""
    y, x = start[-2:]
    for leading in np.ndindex(pixels.shape[:-2]):
        plane = tuple(int(i) + low for i, low in zip(leading, start, strict=False))
        for label, (y0, x0, y1, x1), inside in labelled_pixels(pixels[leading]):
            yield Mask(plane, (y0 + y, x0 + x, y1 + y, x1 + x), inside, 1.0, 0.0), label
