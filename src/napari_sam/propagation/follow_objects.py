"""Follow objects: known masks sorted by line, and propagated along each line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.mask import Mask

from .propagate import PropagationStep, length, propagate
from .seeds import by_line, check_seeds, lives_of
from .stack import follower_of, stack_of


def follow_objects(
    encoder: Encoder,
    objects: Mapping[int, Sequence[Mask]],
    axis: str | None = None,
    within: tuple[int, int] | None = None,
    parents: Mapping[int, int] | None = None,
) -> Iterator[PropagationStep]:
    """Follow objects through the stack; the arguments are checked at once.

    Parameters
    ----------
    encoder : Encoder
        Model, image and tiles.
    objects : mapping of int to sequence of Mask
        Known masks of each object. Those that differ in another axis than `axis` are followed
        separately: all slices of a cell through time, for example.
    axis : str, optional
        ``z`` or ``t``; z by default where the image has it.
    within : tuple of int, optional
        First and last plane to look at along the axis; all by default.
    parents : mapping of int to int, optional
        Daughter to mother: the mother ends where its first daughter is known, and a daughter is
        not looked for before.

    Returns
    -------
    iterator of PropagationStep
        Each plane when it is done, line by line, with progress over all lines.

    Raises
    ------
    PromptError
        If there is no such axis, a mask is empty or lies outside, or a daughter is known before
        its mother.
    """
    check_seeds(objects, encoder.volume)
    walks: list[tuple[int, Iterator[PropagationStep]]] = []
    total = 0
    for line, seeds in by_line(objects, encoder.volume, axis).items():
        stack = stack_of(encoder, line, within, tuple(seeds))
        lives = lives_of(parents or {}, seeds, stack)
        walks.append((total, propagate(follower_of(encoder, line), stack, seeds, lives)))
        total += length(stack, seeds)
    return (
        replace(step, done=start + step.done, total=total) for start, walk in walks for step in walk
    )
