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
from .teach import FULL, QUICK, teach

WEIGHTS = (0.6, 0.3)
"""Shares of the learned differences that are tried, the largest first. Wholly learned weights gain
as much on the image and forget more of all others."""

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

    Every third object is held back and asked after the lesson: the largest share of the learned
    differences by which clicks, boxes and found objects get better is the result.

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
    course = QUICK if quick else FULL
    taught, judged = lesson.split()
    total = course.steps + 1 + len(WEIGHTS)
    learner, end = model, monotonic() + (inf if seconds is None else seconds)
    steps = teach(model, taught, course, lambda page: encoder.get(page.tile))
    for done, learner in enumerate(steps, 1):  # noqa: B007  # the last is judged below
        yield LearnStep(done, total)
        if monotonic() > end:
            break
    before = judge(model, judged)
    done = course.steps + 1
    yield LearnStep(done, total)
    name, base = model.config.name, weights_hash(model)
    origin = Origin(base, name, course.quick, lesson.objects, 0, before, before)
    for weight in WEIGHTS:
        delta = Delta(replace(origin, weight=weight), _differences(model, learner, weight, quick))
        after = judge(delta.applied_to(model), judged)
        done += 1
        if after > before + LEAST_GAIN:
            better = replace(delta, origin=replace(delta.origin, after=after))
            yield LearnStep(total, total, better)
            return
        if done < total:
            yield LearnStep(done, total)
    yield LearnStep(total, total, Delta(origin, {}))


def _differences(
    model: Sam, learner: Sam, weight: float, low_rank: bool
) -> dict[str, NDArray[np.float16]]:
    """A share of the differences of the weights, float16, without those that did not change."""
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
