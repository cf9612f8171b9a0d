"""Automatic: compare a session's automatic segmentation with the true objects."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Plane

from .ground_truth import Sample
from .matching import Detection, detect

if TYPE_CHECKING:
    from napari_sam.session import Session


def detect_plane(session: "Session", truth: NDArray[np.integer], plane: Plane) -> Detection:
    """Segment all objects of a plane, and compare them with the true objects.

    Parameters
    ----------
    session : Session
        Session on the image; its labels are not changed.
    truth : ndarray
        ``(y, x)`` integers, the true objects; 0 is background.
    plane : tuple of int
        Index of the plane along the leading axes.

    Returns
    -------
    Detection
    """
    return detect(truth, paint_found(session, plane)[0])


def paint_found(session: "Session", plane: Plane) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
    """Segment all objects of a plane into a label image.

    Parameters
    ----------
    session : Session
        Session on the image; its labels are not changed.
    plane : tuple of int
        Index of the plane along the leading axes.

    Returns
    -------
    labels : ndarray
        ``(y, x)`` uint32, objects numbered from 1; a pixel of two objects has the first.
    confidences : ndarray
        ``(k,)`` float64, 0 to 1: confidence of the object with number ``i + 1``.
    """
    labels = np.zeros((session.volume.height, session.volume.width), np.uint32)
    confidences: list[float] = []
    for step in session.segment_everything([plane], commit=False):
        for mask in step.masks:  # best first; a pixel keeps its first object
            confidences.append(mask.confidence)
            y0, x0, y1, x1 = mask.bbox
            block = labels[y0:y1, x0:x1]
            block[mask.pixels & (block == 0)] = len(confidences)
    return labels, np.array(confidences, np.float64)


def detect_stacks(session: "Session", sample: Sample) -> list[Detection]:
    """Segment all stacks of an image, objects linked through z, and compare in 3D.

    Parameters
    ----------
    session : Session
        Session on the image, still without labels; the segmented objects become its labels.
    sample : Sample
        The image and its true labels.

    Returns
    -------
    list of Detection
        One for each stack; empty if the image has no z axis, or one plane along z.
    """
    stacks = list(sample.stacks())
    for _ in session.segment_stack("z") if stacks else ():
        pass
    return [
        detect_stack(np.asarray(sample.labels[stack]), np.asarray(session.labels[stack]))
        for stack in stacks
    ]


def detect_stack(truth: NDArray[np.integer], prediction: NDArray[np.integer]) -> Detection:
    """Compare label stacks ``(z, y, x)``; planes without a true object are left out as unlabelled.

    Sparse annotations of volumes leave whole planes empty, and objects there are no mistakes.
    """
    annotated = truth.any(axis=(1, 2))
    return detect(truth[annotated], prediction[annotated])
