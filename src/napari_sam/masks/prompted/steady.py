"""Steady: corrections click by click, each of which changes the mask around its click alone.

A model answers all clicks anew, and may lose what was right far from the last one.
"""

from collections.abc import Callable, Mapping

from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import MaskPrompt, PointPrompt, Prompt

from .correction import correction_by

Prompts = tuple[Prompt, ...]
Ask = Callable[[Mapping[int, Prompts]], dict[int, Mask]]
"""Prompts of each object to its mask, all prompts of an object at once."""


def is_corrected(prompts: Prompts) -> bool:
    """Whether clicks of an object correct its first click or its box, and no mask is given."""
    clicks = sum(isinstance(prompt, PointPrompt) for prompt in prompts)
    has_mask = any(isinstance(prompt, MaskPrompt) for prompt in prompts)
    return not has_mask and clicks > 0 and len(prompts) > 1


def correct_steadily(ask: Ask, objects: Mapping[int, Prompts]) -> dict[int, Mask]:
    """Masks of objects whose clicks are answered one after another.

    Where a click changes much far from it (:attr:`Correction.is_suspicious`), the mask before with
    the change around the click takes the place of the answer, and is among the prompts from then
    on: later clicks correct the mask that the user sees.

    Parameters
    ----------
    ask : callable
        The model.
    objects : mapping of int to tuple of Prompt
        Object id to its prompts, clicks in the order in which they were made;
        :func:`is_corrected` for each.

    Returns
    -------
    dict
        Object id to its mask, which may be empty.
    """
    first = {i: _first(prompts) for i, prompts in objects.items()}
    clicks = {i: [p for p in prompts if p not in first[i]] for i, prompts in objects.items()}
    masks = ask(first)
    kept_mask: dict[int, MaskPrompt] = {}
    for count in range(1, 1 + max((len(of_object) for of_object in clicks.values()), default=0)):
        step = {
            i: (*first[i], *of_object[:count], *([kept_mask[i]] if i in kept_mask else []))
            for i, of_object in clicks.items()
            if len(of_object) >= count
        }
        for i, answer in ask(step).items():
            click, before = clicks[i][count - 1], masks[i]
            masks[i] = answer
            if before.empty or not isinstance(click, PointPrompt):
                continue
            correction = correction_by(click, before, answer)
            near = correction.near_only
            if correction.is_suspicious and not near.empty:
                masks[i] = near
                kept_mask[i] = MaskPrompt(near.plane, near.bbox[0], near.bbox[1], near.pixels)
    return masks


def _first(prompts: Prompts) -> Prompts:
    """Prompts of the first answer: the boxes, or the first click."""
    boxes = tuple(prompt for prompt in prompts if not isinstance(prompt, PointPrompt))
    return boxes or prompts[:1]
