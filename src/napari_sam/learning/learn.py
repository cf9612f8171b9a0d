"""Learn: a lesson taught, judged by objects held back, and kept only as far as it helps."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import LearningError
from napari_sam.model.sam import Sam
from napari_sam.weights.load import weights_hash

from .delta import LEFT, RIGHT, Delta, Origin
from .judge import judge
from .lesson import Lesson
from .low_rank import factorise
from .teach import FULL, QUICK, Course, teach

SHARES = (0.6, 1.0, 0.3)
"""Shares of the learned differences that are tried; the best is taken, of equal ones the first.
Wholly learned weights find more objects of the kind, and forget more of all others."""

MANY = 12
"""Accepted objects from which on a full lesson has :data:`MANY_STEPS`."""

MANY_STEPS = 75
"""Gradient steps of a full lesson of many objects."""

LEAST_GAIN = 0.005
"""Mean IoU gained on the objects held back, below which a lesson is dropped as no better. Of five
accepted objects only one is held back, and a gain so small says nothing about others."""


@dataclass(frozen=True, slots=True)
class LearnStep:
    """Progress of a lesson.

    Parameters
    ----------
    done, total : int
        Parts of the work.
    delta : Delta or None
        The result, with the last step; empty if nothing got better.
    """

    done: int
    total: int
    delta: Delta | None = None


def learn(
    encoder: Encoder, lesson: Lesson, quick: bool = False, seconds: float | None = None
) -> Iterator[LearnStep]:
    """Learn from accepted objects.

    Every third object is held back and asked after the lesson: the share of the learned differences
    by which clicks, boxes and found objects get better is the result. More objects take longer.

    Parameters
    ----------
    encoder : Encoder
        Of the image, with the model as it was shipped: always learn from all accepted objects anew,
        never on top of an earlier lesson.
    lesson : Lesson
        From :func:`~napari_sam.learning.gather.gather`.
    quick : bool
        Let only the decoder learn, from embeddings, in seconds; otherwise all weights.
    seconds : float, optional
        Time after which no further step is begun. With a limit, the same lesson may give other
        weights.

    Yields
    ------
    LearnStep
        The last has the delta. To stop, stop asking: nothing was changed.

    Raises
    ------
    LearningError
        If the model cannot learn, or a loss is not finite.
    """
    model = encoder.model
    if not model.config.proposals:
        raise LearningError(f"{model.config.name} cannot learn from clicks: choose cells-tiny")
    course = QUICK if quick else _full(lesson.objects)
    taught, judged = lesson.split()
    total = course.steps + 1 + len(SHARES)
    learner, end = model, monotonic() + (inf if seconds is None else seconds)
    steps = teach(model, taught, course, lambda page: encoder.get(page.tile))
    for done, learner in enumerate(steps, 1):  # noqa: B007  # the last is judged below
        yield LearnStep(done, total)
        if monotonic() > end:
            break
    before = yield from judge(model, judged, LearnStep(course.steps, total))
    yield LearnStep(course.steps + 1, total)
    base = weights_hash(model)
    origin = Origin(base, model.config.name, quick, lesson.objects, 0, before, before)
    best = Delta(origin, {})
    for done, share in enumerate(SHARES, course.steps + 2):
        delta = Delta(origin, _differences(model, learner, share, quick))
        after = yield from judge(delta.applied_to(model), judged, LearnStep(done - 1, total))
        if after > max(best.origin.after, before + LEAST_GAIN):
            best = replace(delta, origin=replace(origin, weight=share, after=after))
        if done < total:
            yield LearnStep(done, total)
    yield LearnStep(total, total, best)


def _full(objects: int) -> Course:
    """The course of a full lesson of a number of objects."""
    return replace(FULL, steps=MANY_STEPS) if objects >= MANY else FULL


def _differences(
    model: Sam, learner: Sam, weight: float, low_rank: bool
) -> dict[str, NDArray[np.float16]]:
    """A share of the differences of the changed weights, float16."""
    new = learner.state_dict()
    tensors: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        difference = weight * (new[name] - value)
        if not bool(difference.any()):
            continue
        factors = factorise(difference) if low_rank else None
        if factors is None:
            tensors[name] = difference
        else:
            tensors[name + LEFT], tensors[name + RIGHT] = factors
    return {name: tensor.to(torch.float16).cpu().numpy() for name, tensor in tensors.items()}
