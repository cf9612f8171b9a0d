"""OfferedMask: the mask before a suspicious correction, offered to the user; no Qt, no napari."""

from dataclasses import dataclass

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.correction import Correction, correction_by
from napari_sam.plugin.worker.events import Answer
from napari_sam.prompts.prompt import PointPrompt

from .questions import Questions


@dataclass(frozen=True, slots=True, eq=False)
class OfferedMask:
    """Offer of a mask in place of the answer to the last click.

    Parameters
    ----------
    plane : tuple of int
        Plane of the click.
    correction : Correction
        Change by the click, and the offered mask.
    """

    plane: Plane
    correction: Correction

    @property
    def line(self) -> str:
        """A line for the user: what happened, and the key."""
        share = _share(self.correction.changed)
        return (
            f"This click changed {share} of the mask, mostly far from it. "
            "Shift-B brings the mask before back, corrected around the click alone."
        )


def _share(changed: float) -> str:
    """Words for changed pixels per pixel of the mask before; a moved mask changes more than 1."""
    return "all" if changed >= 1 else f"{changed:.0%}"


def offer_after(questions: Questions, before: Mask | None, answer: Answer) -> OfferedMask | None:
    """Offer the mask before an answer if the answer is a suspicious correction.

    Parameters
    ----------
    questions : Questions
        The object's, before the answer is noted.
    before : Mask or None
        The mask on the plane so far.
    answer : Answer
        The answer to the present prompts.

    Returns
    -------
    OfferedMask or None
    """
    click = _new_click(questions, answer)
    if click is None or before is None or before.empty:
        return None
    correction = correction_by(click, before, answer.mask)
    if not correction.is_suspicious or correction.near_only.empty:
        return None
    return OfferedMask(answer.plane, correction)


def _new_click(questions: Questions, answer: Answer) -> PointPrompt | None:
    """The only prompt that is new since the last answer, if it is a click; else None."""
    prompts = questions.prompts.get(answer.plane)
    _, answered = questions.state()
    before = answered.get(answer.plane)
    if prompts is None or answer.key[:-1] != tuple(prompts.key):  # prompts changed meanwhile
        return None
    old = () if before is None else before[:-1]
    added = [index for index, item in enumerate(prompts.key) if item not in old]
    has_same_size = before is None or before[-1] == answer.key[-1]
    if len(added) != 1 or len(prompts.key) != len(old) + 1 or not has_same_size:
        return None
    prompt = prompts.prompts[added[0]]  # clicks come first, a prompt each
    is_click = prompts.key[added[0]][0] == "point"
    return prompt if is_click and isinstance(prompt, PointPrompt) else None
