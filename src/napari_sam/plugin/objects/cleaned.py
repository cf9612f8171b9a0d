"""Cleaned: the masks of an object as they are shown; no Qt."""

from collections.abc import Mapping
from typing import Any

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.clean import AS_IT_IS, Cleaning, Click
from napari_sam.plugin.layers.read_prompts import PlanePrompts
from napari_sam.prompts.prompt import PointPrompt


class Cleaned:
    """What was cleaned of one object, so that each mask is cleaned once and not at each change.

    The masks that the model gave stay as they are: corrections build on those.

    Parameters
    ----------
    spared : mapping of tuple to Mask
        By plane, what is no mask of the model's and stays as it is.
    """

    def __init__(self, spared: Mapping[Plane, Mask] | None = None) -> None:
        self._spared = spared or {}
        self._kept: dict[Plane, tuple[tuple[Any, ...], Mask]] = {}

    def of(
        self, masks: Mapping[Plane, Mask], prompts: Mapping[Plane, PlanePrompts], how: Cleaning
    ) -> dict[Plane, Mask]:
        """Cleaned masks.

        Parameters
        ----------
        masks : mapping of tuple to Mask
            As the model gave them, by plane.
        prompts : mapping of tuple to PlanePrompts
            What the user pointed at: pieces with object clicks stay.
        how : Cleaning
            What to do.

        Returns
        -------
        dict of tuple to Mask
            By plane.
        """
        self._kept = {
            plane: self._clean(plane, mask, clicks_of(prompts.get(plane)), how)
            for plane, mask in masks.items()
        }
        return {plane: cleaned for plane, (_, cleaned) in self._kept.items()}

    def _clean(
        self, plane: Plane, mask: Mask, clicks: tuple[Click, ...], how: Cleaning
    ) -> tuple[tuple[Any, ...], Mask]:
        if self._spared.get(plane) is mask:
            how = AS_IT_IS
        key = (mask, clicks, how)
        known = self._kept.get(plane)
        return known if known and known[0] == key else (key, how.apply(mask, clicks))


def clicks_of(prompts: PlanePrompts | None) -> tuple[Click, ...]:
    """Object clicks, ``(y, x)``, data pixels."""
    return tuple(
        (prompt.position[-2], prompt.position[-1])
        for prompt in (prompts.prompts if prompts else ())
        if isinstance(prompt, PointPrompt) and prompt.label
    )
