"""Model list: what the user can choose among, read without a hash and without torch; no Qt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam.plugin.settings import display_name, same_name
from napari_sam.weights.catalogue import MODELS
from napari_sam.weights.store import ModelStore

if TYPE_CHECKING:
    from napari_sam.weights.card import ModelCard
    from napari_sam.weights.store import StoredModel

HERE, COMING = "✓", "↓"
"""Marks of models that are on this machine, and of the one that is on its way."""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One entry of the list.

    Parameters
    ----------
    model : str, Path or Sam
        What :class:`~napari_sam.plugin.settings.Settings` takes.
    text : str
        What the list shows.
    tip : str
        What one should know before choosing it.
    """

    model: Any
    text: str
    tip: str


def list_models(current: Any, coming: Any = None, earlier: Sequence[Any] = ()) -> list[ListedModel]:
    """List the models: those on this machine first, then those that can be downloaded.

    Parameters
    ----------
    current, coming : str, Path, Sam or None
        The model that answers, and the one that is being fetched.
    earlier : sequence of str, Path or Sam
        Those that answered before. All these are in the list, whatever they are.

    Returns
    -------
    list of ListedModel
    """
    installed = ModelStore().installed()
    marks = {same_name(current): "", same_name(coming): f"{COMING} "}
    here = {model.name for model in installed}
    listed = [*_on_disk(installed), *_published(here, marks)]
    for model in (*earlier, coming, current):
        if model is not None and place_of(model, listed) is None:
            listed.insert(0, _other(model))
    return listed


def place_of(model: Any, listed: list[ListedModel]) -> int | None:
    """Where a model stands in a list; None if it does not.

    Parameters
    ----------
    model : str, Path or Sam
        As the user called it.
    listed : list of ListedModel
        The list.

    Returns
    -------
    int or None
    """
    wanted = same_name(model)
    return next((i for i, entry in enumerate(listed) if entry.model == wanted), None)


def _on_disk(installed: "list[StoredModel]") -> Iterator[ListedModel]:
    for model in installed:
        if model.card is not None:
            yield ListedModel(model.name, f"{HERE} {model.name}", _tip(model.card))
        else:
            tip = f"A model of your own, {model.family}"
            yield ListedModel(model.name, f"{HERE} {model.name}", tip)


def _published(here: set[str], marks: dict[Any, str]) -> Iterator[ListedModel]:
    for card in MODELS.values():
        if card.name in here:
            continue
        text = f"{card.name} ({card.bytes / 1e6:.0f} MB, will be downloaded)"
        if card.name in marks:
            text = marks[card.name] + card.name
        yield ListedModel(card.name, text, _tip(card))


def _tip(card: "ModelCard") -> str:
    return f"{card.description}\nFamily: {card.family}\nLicence: {card.licence}"


def _other(model: Any) -> ListedModel:
    """A file, a model that a script has made, or a name that nobody knows."""
    named = same_name(model)
    if isinstance(named, str):
        return ListedModel(named, f"{named} (not found)", "There is no model of this name.")
    tip = str(named) if isinstance(named, Path) else "A model that a script has made"
    return ListedModel(named, f"{HERE} {display_name(named)}", tip)
