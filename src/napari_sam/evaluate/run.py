"""Run: a model through images with known objects, step by step."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from napari_sam.image.volume import Plane, Volume

from .automatic import detect_plane, detect_stacks
from .clicks import Answer, Protocol, simulate
from .figures import Seen
from .ground_truth import Pair, Sample
from .objects import TrueObject, objects_of, spread
from .prompted import answer_background, answer_boxes

if TYPE_CHECKING:
    from napari_sam.session import Session


class Part(StrEnum):
    """What can be looked at."""

    CLICKS = "clicks"
    BOXES = "boxes"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Task:
    """What is looked at, and how.

    Parameters
    ----------
    parts : collection of Part
        Some or all.
    protocol : Protocol
        How the annotator clicks.
    most_objects : int
        Objects of a plane that are prompted, evenly spread over its labels. Automatic figures are
        always about all objects.
    """

    parts: Collection[Part] = tuple(Part)
    protocol: Protocol = field(default_factory=Protocol)
    most_objects: int = 100


@dataclass(frozen=True, slots=True)
class Step:
    """Progress of :func:`evaluate`.

    Parameters
    ----------
    seen : Seen
        On one plane or one stack.
    done, total : int
        Planes and stacks so far, and in all.
    """

    seen: Seen
    done: int
    total: int


def evaluate(
    pairs: Sequence[Pair], opened: Callable[[Volume], "Session"], task: Task
) -> Iterator[Step]:
    """Look at all images of a set.

    Parameters
    ----------
    pairs : sequence of Pair
        The images and their labels.
    opened : callable
        Opens a session on an image, with the model.
    task : Task
        What to look at.

    Yields
    ------
    Step
        For each plane and each image with stacks.

    Raises
    ------
    NapariSamError
        If an image or its labels cannot be used.
    """
    total, done = sum(_length(pair.read(), task) for pair in pairs), 0
    for pair in pairs:
        sample = pair.read()
        session = opened(sample.volume)
        for seen in _look(session, sample, task):
            done += 1
            yield Step(seen, done, total)


def _length(sample: Sample, task: Task) -> int:
    stacks = len(list(sample.stacks())) if Part.AUTOMATIC in task.parts else 0
    return len(list(sample.planes())) + stacks


def _look(session: "Session", sample: Sample, task: Task) -> Iterator[Seen]:
    for plane in sample.planes():
        labels = sample.plane(plane)
        objects = spread(list(objects_of(labels)), task.most_objects)
        background = Part.CLICKS in task.parts
        yield Seen(
            clicks=_clicked(session, objects, plane, task),
            boxes=answer_boxes(session, objects, plane) if Part.BOXES in task.parts else (),
            background=answer_background(session, labels, plane) if background else (),
            plane=detect_plane(session, labels, plane) if Part.AUTOMATIC in task.parts else None,
        )
    if Part.AUTOMATIC in task.parts:
        for found in detect_stacks(session, sample):
            yield Seen(stack=found)


def _clicked(
    session: "Session", objects: Sequence[TrueObject], plane: Plane, task: Task
) -> Sequence[Sequence[Answer]]:
    if Part.CLICKS not in task.parts:
        return ()
    return simulate(objects, plane, session.predict_objects, task.protocol)
