"""Doubt: agreement of the model with each object of another program's labels.

An object is asked for twice, with its box and with a click into its middle. A label that is shifted
differs from the answer to its box. Half an object, or two objects in one, may be what the box
frames, but differ from the answer to the click.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.embeddings.encode import Encoder
from napari_sam.evaluate.objects import TrueObject
from napari_sam.image.volume import Plane, Volume
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.label_boxes import largest_box
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile

from .prompted_iou import box_ious, click_ious

TOGETHER = 32
"""Objects, at most, in one pass of the decoder: a click waits for no more than one pass."""


@dataclass(frozen=True, slots=True)
class DoubtStep:
    """Objects that were compared with the model.

    Parameters
    ----------
    done, total : int
        Objects compared so far, and in all.
    agreements : mapping of int to float
        Label to the agreement of the model, 0 to 1, of the objects of this step. Labels without
        pixels are left out.
    """

    done: int
    total: int
    agreements: Mapping[int, float]


class _FirstLooks:
    """Embeddings of an encoder without second looks, which take most of the time of an answer."""

    def __init__(self, encoder: Encoder) -> None:
        self.model, self.grid, self.closer = encoder.model, encoder.grid, False
        self.get, self.close_up, self.at_hand = encoder.get, encoder.close_up, encoder.at_hand
        self.recent = encoder.recent


def doubt(
    encoder: Encoder, labels: LabelArray, boxes: Mapping[int, Mapping[Plane, BBox]]
) -> Iterator[DoubtStep]:
    """Ask the model for each object, tile by tile, and compare the answers with the labels.

    Parameters
    ----------
    encoder : Encoder
        Of the image.
    labels : array-like
        ``volume.label_shape`` integers; they may change meanwhile.
    boxes : mapping of int to mapping
        Label to the bounding box on each of its planes, see
        :func:`~napari_sam.labels.label_boxes.boxes_by_label`. An object is compared on the plane of
        its largest box.

    Yields
    ------
    DoubtStep
        After at most :data:`TOGETHER` objects of a tile. The agreement is the mean of two IoUs, of
        the object with the answer to its box and with the answer to its inner click. Second looks
        are left out.
    """
    first_looks = _FirstLooks(encoder)
    by_tile: dict[Tile, list[tuple[int, BBox]]] = defaultdict(list)
    for label, of_label in boxes.items():
        plane, bbox = largest_box(of_label)
        by_tile[encoder.grid.best_for(plane, bbox)].append((label, bbox))
    done = 0
    for tile in sorted(by_tile, key=lambda tile: tile.index):
        for start in range(0, len(by_tile[tile]), TOGETHER):
            group = by_tile[tile][start : start + TOGETHER]
            objects = dict(_objects(labels, tile.plane, group))
            done += len(group)
            agreements = _agreements(first_looks, encoder.volume, tile.plane, objects)
            yield DoubtStep(done, len(boxes), agreements)


def _objects(
    labels: LabelArray, plane: Plane, group: Sequence[tuple[int, BBox]]
) -> Iterator[tuple[int, TrueObject]]:
    """Objects with their present pixels; labels without pixels are skipped."""
    for label, bbox in group:
        y0, x0, y1, x1 = bbox
        pixels = np.asarray(labels[(*plane, slice(y0, y1), slice(x0, x1))]) == label
        if pixels.any():
            yield label, TrueObject.of(bbox, pixels)


def _agreements(
    embeddings: Embeddings, volume: Volume, plane: Plane, objects: Mapping[int, TrueObject]
) -> dict[int, float]:
    by_click = click_ious(embeddings, volume, plane, objects)
    by_box = box_ious(embeddings, volume, plane, objects)
    return {label: float(np.mean([by_click[label], by_box[label]])) for label in objects}
