"""Find alike: from a few examples, proposals of the other objects of their kind."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import LearningError
from napari_sam.image.volume import Plane
from napari_sam.masks.automatic.settled import centred_in, settle
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile

from .alike_mask import AlikeMask
from .kind import Kind, learn_kind
from .masks_of_kind import masks_of_kind
from .teach_kind import KIND, teach_kind

SIMILAR = 0.65
"""Similarity from which on most proposals are right: where a threshold may begin."""


@dataclass(frozen=True, slots=True, eq=False)
class AlikeStep:
    """Progress of :func:`find_alike`.

    Parameters
    ----------
    done, total : int
        Steps of the lesson and tiles so far, and in all.
    tile : Tile or None
        The tile that was searched; None during the lesson.
    masks : tuple of AlikeMask
        Proposals that no tile to come can change, most similar first.
    """

    done: int
    total: int
    tile: Tile | None = None
    masks: tuple[AlikeMask, ...] = ()


def find_alike(
    encoder: Encoder,
    examples: Sequence[Mask],
    others: Sequence[Mask] = (),
    planes: Iterable[Plane] | None = None,
    within: BBox | None = None,
    learn: bool = True,
) -> Iterator[AlikeStep]:
    """Find the other objects of the kind of a few examples.

    A copy of the model learns from the examples. It draws all likely objects, and objects at peaks
    of the map of the kind that it does not propose itself. Of those that overlap, the most similar
    is kept. Nothing is painted, and the model of the encoder stays as it is.

    Parameters
    ----------
    encoder : Encoder
        Of the image.
    examples : sequence of Mask
        One or more objects of the kind; they are not proposed again.
    others : sequence of Mask
        Objects of other kinds: the more a mask is like them, the lower its similarity. They are not
        proposed either.
    planes : iterable of tuple of int, optional
        Planes to search; all by default.
    within : tuple of int, optional
        ``(y0, x0, y1, x1)``, data pixels: only objects whose middle lies in this region, in full.
    learn : bool
        Whether a copy of the model learns first; without, the model is asked as it is. A model
        that proposes no boxes never learns.

    Yields
    ------
    AlikeStep
        One for each step of the lesson, then for each tile. A threshold may choose among the masks
        by their similarity later, without asking the model again.

    Raises
    ------
    LearningError
        If there is no example, an example is empty, or nothing can be learned from the examples.
    """
    _check(examples)
    others = [mask for mask in others if not mask.empty]
    region = encoder.grid.bbox if within is None else within
    tiles_by_plane = _tiles(encoder, planes, region)
    learns = learn and encoder.model.config.proposal_boxes
    done, steps = 0, KIND.steps if learns else 0
    total = steps + sum(map(len, tiles_by_plane))
    if learns:
        for done, model in enumerate(teach_kind(encoder, examples, others), 1):  # noqa: B007
            yield AlikeStep(done, total)
        parts = encoder.volume, encoder.mapping, encoder.grid
        encoder = Encoder(model, *parts, None, encoder.closer)
    kind, labelled = learn_kind(encoder, examples, others), (*examples, *others)
    for tiles in tiles_by_plane:
        for tile, masks in _search(encoder, tiles, kind, labelled):
            done += 1
            inside = tuple(mask for mask in masks if centred_in(region, mask.bbox))
            yield AlikeStep(done, total, tile, inside)


def _check(examples: Sequence[Mask]) -> None:
    if not examples or any(mask.empty for mask in examples):
        raise LearningError("there is no example, or an empty one: give the mask of an object")


def _tiles(encoder: Encoder, planes: Iterable[Plane] | None, region: BBox) -> list[list[Tile]]:
    """Tiles of each plane that touch the region."""
    chosen = encoder.volume.planes() if planes is None else planes
    return [[*encoder.grid.overlapping(plane, region)] for plane in chosen]


def _search(
    encoder: Encoder, tiles: Sequence[Tile], kind: Kind, labelled: Sequence[Mask]
) -> Iterator[tuple[Tile, Iterator[AlikeMask]]]:
    """Yield each tile of a plane with the masks that no tile to come can change."""
    by_tile = ((tile, masks_of_kind(encoder, kind, tile, labelled)) for tile in tiles)
    for tile, settled in settle(encoder.grid, tiles, by_tile):
        yield tile, (mask for mask in settled if isinstance(mask, AlikeMask))
