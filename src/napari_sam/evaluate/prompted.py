"""Prompted: what a session answers to clicks, to a box, and to a click on nothing."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt

from .clicks import Answer
from .objects import TrueObject

if TYPE_CHECKING:
    from napari_sam.session import Session

BACKGROUND_CLICKS = 20
"""On an image."""

AWAY = 5.0
"""Pixels that a click into the background is away from every object, at least."""


def answer_boxes(
    session: "Session", objects: Sequence[TrueObject], plane: Plane
) -> tuple[Answer, ...]:
    """Ask for each object with its bounding box.

    Parameters
    ----------
    session : Session
        Of the image.
    objects : sequence of TrueObject
        Of the plane, each at least two pixels wide and high.
    plane : tuple of int
        Index of the leading axes.

    Returns
    -------
    tuple of Answer
        One an object.
    """
    boxes: Mapping[int, Sequence[BoxPrompt]] = {
        i: [BoxPrompt((*plane, *one.box[0]), (*plane, *one.box[1]))]
        for i, one in enumerate(objects, 1)
    }
    masks = session.predict_objects(boxes) if boxes else {}
    return tuple(Answer.of(masks[i], one) for i, one in enumerate(objects, 1))


def answer_background(
    session: "Session", labels: NDArray[np.integer], plane: Plane
) -> tuple[float, ...]:
    """Click where nothing is.

    Parameters
    ----------
    session : Session
        Of the image.
    labels : ndarray
        ``(y, x)`` integers, the true objects of the plane; 0 is background.
    plane : tuple of int
        Index of the leading axes.

    Returns
    -------
    tuple of float
        The object score of each click, a logit; positive where the model takes it for an object.
        None if there is no such place, or the model has no such score.
    """
    if not session.model.config.object_score:
        return ()
    clicks = {
        i: [PointPrompt((*plane, float(y), float(x)))]
        for i, (y, x) in enumerate(background_places(labels), 1)
    }
    masks: Mapping[int, Mask] = session.predict_objects(clicks) if clicks else {}
    return tuple(mask.object_score for mask in masks.values())


def background_places(
    labels: NDArray[np.integer], count: int = BACKGROUND_CLICKS
) -> list[tuple[int, int]]:
    """Random pixels yx that are away from every object; the same ones in every run."""
    if not labels.any():
        return []
    places = np.argwhere(distance_transform_edt(labels == 0) > AWAY)
    random = np.random.default_rng(0)
    chosen = random.choice(len(places), min(count, len(places)), replace=False)
    return [(int(y), int(x)) for y, x in places[chosen]]
