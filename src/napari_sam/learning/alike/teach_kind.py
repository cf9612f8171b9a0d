"""Teach kind: a model that has learned from a few examples of a kind."""

from collections.abc import Iterator, Sequence

from napari_sam.embeddings.encode import Encoder
from napari_sam.labels.canvas import new_labels
from napari_sam.labels.label_array import LabelArray
from napari_sam.learning.gather import gather
from napari_sam.learning.mix import mix
from napari_sam.learning.teach import Course, teach
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam

KIND = Course(25, 3e-4, quick=False)
"""Half of a full lesson: the user waits for the search."""

SHARE = 0.6
"""Share of the learned weights in the result; the rest is the model as it was."""


def teach_kind(
    encoder: Encoder, examples: Sequence[Mask], others: Sequence[Mask] = ()
) -> Iterator[Sam]:
    """Let a copy of a model learn a kind of objects, from one example on.

    No object is held back to judge by: the result is for proposals that the user looks through.

    Parameters
    ----------
    encoder : Encoder
        Of the image, with the model to copy; it must propose boxes.
    examples : sequence of Mask
        Objects of the kind.
    others : sequence of Mask
        Objects of other kinds, which are taught as background.

    Yields
    ------
    Sam
        After each of the ``KIND.steps`` steps, the copy; with the last, one ready to be used.

    Raises
    ------
    LearningError
        If no example is large enough, or a loss is not finite.
    """
    tiles = {encoder.grid.best_for(mask.plane, mask.bbox) for mask in examples}
    lesson = gather(
        encoder,
        _drawn(encoder.volume.label_shape, examples),
        sorted(tiles, key=lambda tile: (tile.plane, tile.bbox)),
        dropped=others,
        fewest=1,
    )
    steps = teach(encoder.model, lesson, KIND, lambda page: encoder.get(page.tile))
    for done, learner in enumerate(steps, 1):
        yield mix(encoder.model, learner, SHARE) if done == KIND.steps else learner


def _drawn(shape: tuple[int, ...], masks: Sequence[Mask]) -> LabelArray:
    """Labels with the masks as objects 1, 2, ...; a pixel of two masks belongs to the later one."""
    labels = new_labels(shape)
    for number, mask in enumerate(masks, 1):
        y0, x0, y1, x1 = mask.bbox
        region = (*mask.plane, slice(y0, y1), slice(x0, x1))
        pixels = labels[region]
        pixels[mask.pixels] = number
        labels[region] = pixels
    return labels
