"""ChosenMasks: masks that the user preferred to an answer of the model; no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.layers.read_prompts import PlanePrompts


@dataclass(frozen=True, slots=True, eq=False)
class ChosenMask:
    """Mask chosen by the user, with the prompts that were there.

    Parameters
    ----------
    mask : Mask
        The mask; more prompts correct it.
    key : tuple
        Items of :attr:`PlanePrompts.key` at the choice.
    size : Size
        Size that the first click meant at the choice.
    """

    mask: Mask
    key: tuple[object, ...]
    size: Size


class ChosenMasks:
    """Chosen masks by plane; a mask counts as long as all prompts of the moment of choice exist.

    Without one of these prompts, the model is asked as if nothing was chosen; when the prompt comes
    back, for example by undo, the chosen mask does too.
    """

    def __init__(self) -> None:
        self._of_plane: dict[Plane, ChosenMask] = {}

    def choose(self, plane: Plane, mask: Mask, prompts: PlanePrompts, size: Size) -> None:
        """Note the choice of a mask over the answer to `prompts`."""
        self._of_plane[plane] = ChosenMask(mask, tuple(prompts.key), size)

    def corrected_by(self, plane: Plane, prompts: PlanePrompts, size: Size) -> Mask | None:
        """The chosen mask that `prompts` correct; None without a choice that counts."""
        chosen = self._of_plane.get(plane)
        if chosen is None or chosen.size is not size or set(chosen.key) - set(prompts.key):
            return None
        return chosen.mask

    def unchanged(
        self, prompts: Mapping[Plane, PlanePrompts], sizes: Mapping[Plane, Size]
    ) -> dict[Plane, Mask]:
        """Chosen masks on planes with exactly the prompts of the choice."""
        return {
            plane: chosen.mask
            for plane, chosen in self._of_plane.items()
            if plane in prompts
            and tuple(prompts[plane].key) == chosen.key
            and sizes[plane] is chosen.size
        }

    def state(self) -> dict[Plane, ChosenMask]:
        """Copy of the choices, by plane."""
        return dict(self._of_plane)

    def restore(self, state: Mapping[Plane, ChosenMask]) -> None:
        """Restore a copy."""
        self._of_plane = dict(state)
