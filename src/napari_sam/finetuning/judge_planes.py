"""Judge planes: figures and predicted labels of a model on planes kept apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_sam.evaluate.automatic import paint_found
from napari_sam.evaluate.clicks import Protocol, simulate
from napari_sam.evaluate.figures import Outcome
from napari_sam.evaluate.matching import detect
from napari_sam.evaluate.objects import objects_of, spread
from napari_sam.evaluate.prompted import answer_boxes
from napari_sam.learning.gather import SMALLEST_AREA
from napari_sam.model.sam import Sam
from napari_sam.session import Session

from .labelled_plane import LabelledPlane, labelled_plane

MOST_PLANES = 8
"""Planes that are judged, at most: of more, some at equal distances."""

SIDE = 1024
"""Side of the part of a plane that is judged, at most, in pixels: judging takes no longer than
learning."""

MOST_OBJECTS = 50
"""Objects of a plane that are clicked and boxed, at most."""

ONE_CLICK = Protocol(most=1, always=1)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Answers of a model on a plane.

    Parameters
    ----------
    outcome : Outcome
        Scores of a click, of a box, and of all objects.
    labels : ndarray or None
        ``(h, w)`` uint32: all objects that the model found; None for a model that would need
        minutes for it.
    """

    outcome: Outcome
    labels: NDArray[np.uint32] | None


def judge_planes(model: Sam, planes: Sequence[LabelledPlane], complete: bool) -> Iterator[Judged]:
    """Judge a model on planes, as a user would see it: second looks included.

    Parameters
    ----------
    model : Sam
        The model.
    planes : sequence of LabelledPlane
        Planes that the model has not learned.
    complete : bool
        Whether every object has a label, so that objects found automatically can be counted.

    Yields
    ------
    Judged
        One for each plane.
    """
    for plane in planes:
        session = Session.open(
            plane.rgb, model=model, axes="YXC", contrast=(0, 255), cache_dir=False
        )
        objects = spread(list(objects_of(plane.labels, SMALLEST_AREA)), MOST_OBJECTS)
        labels = paint_found(session, ())[0] if finds_objects(model) else None
        yield Judged(
            Outcome(
                clicks=simulate(objects, (), session.predict_objects, ONE_CLICK),
                boxes=answer_boxes(session, objects, ()),
                plane=detect(plane.labels, labels) if complete and labels is not None else None,
            ),
            labels,
        )


def to_judge(planes: Sequence[LabelledPlane]) -> tuple[LabelledPlane, ...]:
    """Planes, or parts of planes, for the figures."""
    return tuple(_part(plane) for plane in spread(planes, MOST_PLANES))


def _part(plane: LabelledPlane) -> LabelledPlane:
    if max(plane.labels.shape) <= SIDE:
        return plane
    region = plane.middle(SIDE)
    part = labelled_plane(plane.name, plane.image, plane.rgb[region], plane.labels[region])
    return part if part.boxes else plane


def finds_objects(model: Sam) -> bool:
    """Whether a model finds all objects of an image within seconds, not by a grid of clicks."""
    return model.config.proposals or model.config.instance_decoder is not None
