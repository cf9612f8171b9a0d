"""Rightness: automatically found objects with their scores, judged by the true objects."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Plane, Volume

from .automatic import paint_found
from .ground_truth import Pair, Sample
from .overlap import overlap

if TYPE_CHECKING:
    from napari_sam.session import Session

RIGHT_IOU = 0.5
"""IoU with a true object from which a found object is right, as in AP@0.5."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedObjects:
    """Scores of found objects, and whether they are wrong.

    Parameters
    ----------
    scores : ndarray
        ``(n,)`` float64: confidence of the model, 0 to 1.
    wrong : ndarray
        ``(n,)`` bool: no true object has an IoU of at least :data:`RIGHT_IOU` with the object.
    """

    scores: NDArray[np.float64]
    wrong: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.scores)

    @classmethod
    def of_all(cls, parts: "Iterable[JudgedObjects]") -> "JudgedObjects":
        """Objects of several planes together."""
        every = [cls(np.zeros(0), np.zeros(0, bool)), *parts]
        return cls(
            np.concatenate([part.scores for part in every]),
            np.concatenate([part.wrong for part in every]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class JudgeStep:
    """Progress of :func:`judge_pairs`.

    Parameters
    ----------
    objects : JudgedObjects
        Found objects of the plane of this step.
    done, total : int
        Planes so far, and in all.
    """

    objects: JudgedObjects
    done: int
    total: int


def judge_pairs(
    pairs: Sequence[Pair], open_session: "Callable[[Volume], Session]"
) -> Iterator[JudgeStep]:
    """Segment all objects of a set of images, and judge each by the true objects.

    Parameters
    ----------
    pairs : sequence of Pair
        Images with their true labels.
    open_session : callable
        Opens a session on an image, with the model to evaluate.

    Yields
    ------
    JudgeStep
        One for each plane; of a stack, for planes apart, as :meth:`Sample.planes` has them.

    Raises
    ------
    NapariSamError
        If an image or its labels cannot be used.
    """
    total, done = sum(len(list(pair.read().planes())) for pair in pairs), 0
    for pair in pairs:
        sample = pair.read()
        session = open_session(sample.volume)
        for plane in sample.planes():
            done += 1
            yield JudgeStep(judge_plane(session, sample, plane), done, total)


def judge_plane(session: "Session", sample: Sample, plane: Plane) -> JudgedObjects:
    """Segment all objects of a plane, and judge each by the true objects.

    Parameters
    ----------
    session : Session
        Session on the image; its labels are not changed.
    sample : Sample
        The image and its true labels.
    plane : tuple of int
        Index of the plane along the leading axes.

    Returns
    -------
    JudgedObjects
        Objects that have a pixel, in the order of the model's confidence.
    """
    truth = sample.plane(plane)
    prediction, confidences = paint_found(session, plane)
    return judge(truth, prediction, confidences)


def judge(
    truth: NDArray[np.integer], prediction: NDArray[np.integer], confidences: NDArray[np.float64]
) -> JudgedObjects:
    """Judge found objects by the true objects.

    Parameters
    ----------
    truth, prediction : ndarray
        ``(y, x)`` integers; 0 is background.
    confidences : ndarray
        ``(k,)`` float64: score of the object with number ``i + 1`` in `prediction`.
    """
    numbers = np.unique(prediction[prediction > 0]).astype(np.int64)
    shared = overlap(truth, prediction)
    right = np.zeros(len(numbers), bool)
    right[shared.predicted[shared.ious >= RIGHT_IOU]] = True
    return JudgedObjects(np.asarray(confidences)[numbers - 1], ~right)
