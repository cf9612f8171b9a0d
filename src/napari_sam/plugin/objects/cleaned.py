"""Cleaned: masks of an object after holes, crumbs and outline; no Qt, no napari."""

from collections.abc import Mapping

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.clean import AS_IT_IS, Cleaning, Click
from napari_sam.plugin.layers.read_prompts import PlanePrompts
from napari_sam.prompts.prompt import PointPrompt


class Cleaned:
    """Cleaned masks of an object; each mask is cleaned once, not at each change.

    The model's own masks stay as they are: corrections build on them.

    Parameters
    ----------
    spared : mapping of tuple to Mask
        Masks by plane that did not come from the model, and are not cleaned.
    """

    def __init__(self, spared: Mapping[Plane, Mask] | None = None) -> None:
        self._spared = spared or {}
        self._cleaned: dict[Plane, tuple[tuple[object, ...], Mask]] = {}

    def of(
        self, masks: Mapping[Plane, Mask], prompts: Mapping[Plane, PlanePrompts], how: Cleaning
    ) -> dict[Plane, Mask]:
        """Cleaned masks.

        Parameters
        ----------
        masks : mapping of tuple to Mask
            As the model gave them, by plane.
        prompts : mapping of tuple to PlanePrompts
            Prompts by plane: pieces with object clicks stay.
        how : Cleaning
            The user's choice.

        Returns
        -------
        dict of tuple to Mask
            By plane.
        """
        self._cleaned = {
            plane: self._clean(plane, mask, clicks_of(prompts.get(plane)), how)
            for plane, mask in masks.items()
        }
        return {plane: cleaned for plane, (_, cleaned) in self._cleaned.items()}

    def _clean(
        self, plane: Plane, mask: Mask, clicks: tuple[Click, ...], how: Cleaning
    ) -> tuple[tuple[object, ...], Mask]:
        if self._spared.get(plane) is mask:
            how = AS_IT_IS
        key = (mask, clicks, how)
        before = self._cleaned.get(plane)
        return before if before and before[0] == key else (key, how.apply(mask, clicks))


def clicks_of(prompts: PlanePrompts | None) -> tuple[Click, ...]:
    """Positions of the object clicks, ``(y, x)``, data pixels."""
    return tuple(
        (prompt.position[-2], prompt.position[-1])
        for prompt in (prompts.prompts if prompts else ())
        if isinstance(prompt, PointPrompt) and prompt.label
    )
