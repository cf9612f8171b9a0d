"""Steady: corrections click by click, with changes of the mask around the new click alone.

A model answers all clicks anew, and may lose what was right far from the last one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import MaskPrompt, PointPrompt, Prompt

from .correction import correction_by

Prompts = tuple[Prompt, ...]
Ask = Callable[[Mapping[int, Prompts]], dict[int, Mask]]
"""Prompts of each object to its mask, all prompts of an object at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Mask of an object after some of its clicks.

    Parameters
    ----------
    mask : Mask
        The mask; may be empty.
    base : MaskPrompt or None
        Last mask that took the place of an answer: the next clicks correct it.
    """

    mask: Mask
    base: MaskPrompt | None = None

    def after(self, click: PointPrompt, answer: Mask) -> "Step":
        """The next step: the answer to a click, or this mask with the change around the click."""
        if self.mask.empty:
            return Step(answer, self.base)
        correction = correction_by(click, self.mask, answer)
        near = correction.near_only
        if not correction.is_suspicious or near.empty:
            return Step(answer, self.base)
        return Step(near, MaskPrompt(near.plane, near.bbox[0], near.bbox[1], near.pixels))


def correct_steadily(
    ask: Ask,
    objects: Mapping[int, Prompts],
    recall: Callable[[Prompts], Step | None],
    remember: Callable[[Prompts, Step], None],
) -> dict[int, Mask]:
    """Masks of objects whose clicks are answered one after another.

    Where a click changes much far from it (:attr:`Correction.is_suspicious`), the mask before with
    the change around the click takes the place of the answer, and is among the prompts from then
    on: later clicks correct the mask that the user sees.

    Parameters
    ----------
    ask : callable
        The model.
    objects : mapping of int to tuple of Prompt
        Object id to its clicks and boxes, clicks in the order in which they were made.
    recall, remember : callable
        Memory of steps by the prompts so far, boxes first, so that a further click costs one
        answer. The last step is always taken anew.

    Returns
    -------
    dict
        Object id to its mask, which may be empty.
    """
    ordered = {i: _boxes_first(prompts) for i, prompts in objects.items()}
    counts = {i: _first_count(prompts) for i, prompts in ordered.items()}
    steps: dict[int, Step] = {}
    for i, prompts in ordered.items():
        for count in range(len(prompts) - 1, counts[i] - 1, -1):
            if (step := recall(prompts[:count])) is not None:
                steps[i], counts[i] = step, count + 1
                break
    while pending := {i: ordered[i][:n] for i, n in counts.items() if n <= len(ordered[i])}:
        for i, answer in ask({i: _with_base(steps.get(i), p) for i, p in pending.items()}).items():
            click = pending[i][-1]
            if i in steps and isinstance(click, PointPrompt):
                steps[i] = steps[i].after(click, answer)
            else:
                steps[i] = Step(answer)
            remember(pending[i], steps[i])
            counts[i] += 1
    return {i: step.mask for i, step in steps.items()}


def _boxes_first(prompts: Prompts) -> Prompts:
    return tuple(sorted(prompts, key=lambda prompt: isinstance(prompt, PointPrompt)))


def _first_count(prompts: Prompts) -> int:
    """Number of prompts of the first answer: the boxes, or the first click."""
    return max(1, sum(not isinstance(prompt, PointPrompt) for prompt in prompts))


def _with_base(step: Step | None, prompts: Prompts) -> Prompts:
    return prompts if step is None or step.base is None else (*prompts, step.base)
