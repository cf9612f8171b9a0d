"""Parse: convert coordinates to prompts, and collect the prompts of objects in a checked set."""

from collections.abc import Iterable, Mapping, Sequence

from napari_sam.errors import PromptError
from napari_sam.image.volume import Volume

from .prompt import FOREGROUND, BoxPrompt, PointPrompt, Prompt, PromptSet

Objects = Mapping[int, Sequence[Prompt]]
"""Prompts of each object, by a number that the caller chooses."""


def parse_prompts(
    points: Iterable[Sequence[float]] | None = None,
    point_labels: Iterable[int] | None = None,
    boxes: Iterable[tuple[Sequence[float], Sequence[float]]] | None = None,
) -> list[Prompt]:
    """Convert coordinates to the prompts of an object.

    Parameters
    ----------
    points : iterable of tuple, optional
        ``(*plane, y, x)`` each, data coordinates.
    point_labels : iterable of int, optional
        1 foreground, 0 background, for each point; all foreground by default.
    boxes : iterable of pairs of tuple, optional
        Two opposite corners each, ``(*plane, y, x)``, data coordinates.

    Returns
    -------
    list of Prompt
        Points, then boxes.

    Raises
    ------
    PromptError
        If there is not one label for each point.
    """
    positions = [tuple(float(v) for v in point) for point in points or ()]
    labels = [FOREGROUND] * len(positions) if point_labels is None else list(point_labels)
    if len(labels) != len(positions):
        raise PromptError(
            f"{len(positions)} points but {len(labels)} point labels: give one label a point"
        )
    clicks = [PointPrompt(p, int(label)) for p, label in zip(positions, labels, strict=True)]
    return [*clicks, *(BoxPrompt(tuple(start), tuple(stop)) for start, stop in boxes or ())]


def check_objects(objects: Objects, volume: Volume) -> PromptSet:
    """Collect the prompts of objects on a plane, for a single call of a model.

    Parameters
    ----------
    objects : mapping of int to sequence of Prompt
        Prompts of each object, all on one plane.
    volume : Volume
        The image.

    Returns
    -------
    PromptSet

    Raises
    ------
    PromptError
        If a prompt lies outside the image or describes nothing, or the prompts lie on several
        planes.
    """
    prompts = PromptSet({number: tuple(group) for number, group in objects.items()})
    prompts.check(volume)
    if len(set(prompts.planes())) > 1:
        raise PromptError("prompts lie on several planes: give those of one plane at a time")
    return prompts
