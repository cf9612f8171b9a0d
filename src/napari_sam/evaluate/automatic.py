"""Automatic: all objects that a session finds by itself, against the true ones."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Plane

from .ground_truth import Sample
from .matching import Detection, detect

if TYPE_CHECKING:
    from napari_sam.session import Session


def detect_plane(session: "Session", truth: NDArray[np.integer], plane: Plane) -> Detection:
    """Segment one plane, and compare.

    Parameters
    ----------
    session : Session
        Of the image; its labels are left alone.
    truth : ndarray
        ``(y, x)`` integers, the true objects.
    plane : tuple of int
        Index of the leading axes.

    Returns
    -------
    Detection
    """
    found = np.zeros(truth.shape, np.uint32)
    for step in session.segment_everything([plane], commit=False):
        for number, mask in enumerate(step.masks, 1):  # best first, each where it is free
            y0, x0, y1, x1 = mask.bbox
            there = found[y0:y1, x0:x1]
            there[mask.pixels & (there == 0)] = number
    return detect(truth, found)


def detect_stacks(session: "Session", sample: Sample) -> list[Detection]:
    """Segment all stacks with their objects linked through z, and compare in 3D.

    Parameters
    ----------
    session : Session
        Of the image; it has no labels yet, and gets those that are found.
    sample : Sample
        The image and its true objects.

    Returns
    -------
    list of Detection
        One a stack; none if the image is flat.
    """
    stacks = list(sample.stacks())
    for _ in session.segment_stack("z") if stacks else ():
        pass
    return [
        detect_stack(np.asarray(sample.labels[stack]), np.asarray(session.labels[stack]))
        for stack in stacks
    ]


def detect_stack(truth: NDArray[np.integer], found: NDArray[np.integer]) -> Detection:
    """Compare two stacks ``(z, y, x)``; planes without a true object count as not annotated."""
    known = truth.any(axis=(1, 2))
    return detect(truth[known], found[known])
