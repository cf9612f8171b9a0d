"""Run: evaluate a model on images with true labels, step by step."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from napari_sam.image.volume import Plane, Volume

from .automatic import detect_plane, detect_stacks
from .clicks import Answer, Protocol, simulate
from .figures import Outcome
from .ground_truth import Pair, Sample
from .objects import TrueObject, objects_of, spread
from .prompted import answer_background, answer_boxes

if TYPE_CHECKING:
    from napari_sam.session import Session


class Part(StrEnum):
    """Part of an evaluation: simulated clicks, boxes of objects, or automatic segmentation."""

    CLICKS = "clicks"
    BOXES = "boxes"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Task:
    """Parts of an evaluation, and the rules for prompting.

    Parameters
    ----------
    parts : collection of Part
        Parts to evaluate, all by default.
    protocol : Protocol
        Rules of the simulated annotator.
    most_objects : int
        Largest number of objects of a plane that are prompted, evenly spread over its labels.
        Automatic figures are always about all objects.
    """

    parts: Collection[Part] = tuple(Part)
    protocol: Protocol = field(default_factory=Protocol)
    most_objects: int = 100


@dataclass(frozen=True, slots=True)
class Step:
    """Progress of :func:`evaluate`.

    Parameters
    ----------
    outcome : Outcome
        Results on the plane or stack that this step has evaluated.
    done, total : int
        Planes and stacks so far, and in all.
    """

    outcome: Outcome
    done: int
    total: int


def evaluate(
    pairs: Sequence[Pair], open_session: Callable[[Volume], "Session"], task: Task
) -> Iterator[Step]:
    """Evaluate a model on all images of a set.

    Parameters
    ----------
    pairs : sequence of Pair
        Images with their true labels.
    open_session : callable
        Opens a session on an image, with the model to evaluate.
    task : Task
        Parts to evaluate.

    Yields
    ------
    Step
        One for each plane, and with automatic segmentation one for each stack.

    Raises
    ------
    NapariSamError
        If an image or its labels cannot be used.
    """
    total, done = sum(_length(pair.read(), task) for pair in pairs), 0
    for pair in pairs:
        sample = pair.read()
        session = open_session(sample.volume)
        for outcome in _outcomes(session, sample, task):
            done += 1
            yield Step(outcome, done, total)


def _length(sample: Sample, task: Task) -> int:
    """Count the steps for an image."""
    stacks = len(list(sample.stacks())) if Part.AUTOMATIC in task.parts else 0
    return len(list(sample.planes())) + stacks


def _outcomes(session: "Session", sample: Sample, task: Task) -> Iterator[Outcome]:
    """Evaluate the planes of an image, then its stacks."""
    for plane in sample.planes():
        labels = sample.plane(plane)
        objects = spread(list(objects_of(labels)), task.most_objects)
        background = Part.CLICKS in task.parts
        yield Outcome(
            clicks=_clicks(session, objects, plane, task),
            boxes=answer_boxes(session, objects, plane) if Part.BOXES in task.parts else (),
            background=answer_background(session, labels, plane) if background else (),
            plane=detect_plane(session, labels, plane) if Part.AUTOMATIC in task.parts else None,
        )
    if Part.AUTOMATIC in task.parts:
        for detection in detect_stacks(session, sample):
            yield Outcome(stack=detection)


def _clicks(
    session: "Session", objects: Sequence[TrueObject], plane: Plane, task: Task
) -> Sequence[Sequence[Answer]]:
    if Part.CLICKS not in task.parts:
        return ()
    return simulate(objects, plane, session.predict_objects, task.protocol)
