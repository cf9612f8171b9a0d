"""Prompted: a session's answers to the boxes of objects, and to clicks into the background."""

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
"""Clicks into the background of a plane, at most."""

AWAY = 5.0
"""Pixels up to which a place is too near to an object for a click into the background."""


def answer_boxes(
    session: "Session", objects: Sequence[TrueObject], plane: Plane
) -> tuple[Answer, ...]:
    """Prompt each object with its bounding box.

    Parameters
    ----------
    session : Session
        Session on the image; its labels are not changed.
    objects : sequence of TrueObject
        True objects of the plane.
    plane : tuple of int
        Index of the plane along the leading axes.

    Returns
    -------
    tuple of Answer
        One for each object, in order.
    """
    boxes: Mapping[int, Sequence[BoxPrompt]] = {
        i: [BoxPrompt((*plane, *true.box[0]), (*plane, *true.box[1]))]
        for i, true in enumerate(objects, 1)
    }
    masks = session.predict_objects(boxes) if boxes else {}
    return tuple(Answer.of(masks[i], true) for i, true in enumerate(objects, 1))


def answer_background(
    session: "Session", labels: NDArray[np.integer], plane: Plane
) -> tuple[float, ...]:
    """Click into the background, to see whether the model says that no object is there.

    Parameters
    ----------
    session : Session
        Session on the image; its labels are not changed.
    labels : ndarray
        ``(y, x)`` integers, the true objects of the plane; 0 is background.
    plane : tuple of int
        Index of the plane along the leading axes.

    Returns
    -------
    tuple of float
        Object score of each click, a logit; positive if the model sees an object. Empty if every
        pixel is near an object, there is no object at all, or the model has no object score.
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
    """Choose random pixels yx in the background, with a fixed seed.

    Parameters
    ----------
    labels : ndarray
        ``(y, x)`` integers, the true objects; 0 is background.
    count : int
        Largest number of pixels.

    Returns
    -------
    list of tuple of int
        Pixels more than :data:`AWAY` from every object; empty if there is no object.
    """
    if not labels.any():
        return []
    places = np.argwhere(distance_transform_edt(labels == 0) > AWAY)
    random = np.random.default_rng(0)
    chosen = random.choice(len(places), min(count, len(places)), replace=False)
    return [(int(y), int(x)) for y, x in places[chosen]]
