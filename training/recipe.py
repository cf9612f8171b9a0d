"""Recipes: what a run learns from, to compare one with another at equal training time."""

from dataclasses import dataclass

from .procedural import GENERATORS, LOOKS, PAINTED_LOOKS, TEXTURES, Kind, Look
from .samples import SET_WEIGHTS


@dataclass(frozen=True, slots=True)
class Recipe:
    """Sets and procedural images of a run.

    Parameters
    ----------
    sets : tuple of str
        Names of the real sets.
    kinds : tuple of callable
        Kinds of procedural images, painted in turn.
    looks : tuple of callable
        Looks in which the labels of real images are shown.
    derived : bool
        Whether images of other microscopes are derived from quantitative phase images.
    """

    sets: tuple[str, ...]
    kinds: tuple[Kind, ...] = GENERATORS
    looks: tuple[Look, ...] = LOOKS
    derived: bool = True


_LATER = ("qpi_adherent", "dic_cho", "worms_bf", "powder_sem", "neurons_fluo")
RECIPES = {
    "old": Recipe(
        tuple(name for name in SET_WEIGHTS if name not in _LATER), TEXTURES, PAINTED_LOOKS, False
    ),
    "new": Recipe(tuple(SET_WEIGHTS)),
}
"""Name -> recipe: of the runs up to the twelfth in the model card, and with all that came since."""
