"""Model list: models on this machine and in the catalogue, read without torch; no Qt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

from napari_sam.plugin.settings import display_name, same_name
from napari_sam.weights.catalogue import MODELS
from napari_sam.weights.store import ModelStore

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam
    from napari_sam.weights.card import ModelCard
    from napari_sam.weights.store import StoredModel

INSTALLED, COMING = "✓", "↓"
"""Marks of the models on this machine, and of the model that is being fetched."""

Model: TypeAlias = Union[str, Path, "Sam"]
"""Name of a model, file of weights, or a model that a script has made."""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """An entry of the list of models.

    Parameters
    ----------
    model : str, Path or Sam
        For :attr:`Settings.model <napari_sam.plugin.settings.Settings>`.
    text : str
        Name with a mark, or with the size of the download.
    tip : str
        Tooltip: description, family and licence of the model.
    """

    model: Model
    text: str
    tip: str


def list_models(
    current: Model, coming: Model | None = None, earlier: Sequence[Model] = ()
) -> list[ListedModel]:
    """List the models: on this machine first, then for download.

    Parameters
    ----------
    current, coming : str, Path, Sam or None
        The model that answers clicks, and the model that is being fetched.
    earlier : sequence of str, Path or Sam
        Models that answered before. Files and models of scripts are listed too, if given here.

    Returns
    -------
    list of ListedModel
    """
    installed = ModelStore().installed()
    marks = {same_name(current): "", same_name(coming): f"{COMING} "}
    on_disk = {model.name for model in installed}
    listed = [*_on_disk(installed), *_published(on_disk, marks)]
    for model in (*earlier, coming, current):
        if model is not None and index_of(model, listed) is None:
            listed.insert(0, _other(model))
    return listed


def index_of(model: Model, listed: list[ListedModel]) -> int | None:
    """Index of a model in a list; None if the list has no such model.

    Parameters
    ----------
    model : str, Path or Sam
        Model as the user called it; names have aliases.
    listed : list of ListedModel
        From :func:`list_models`.

    Returns
    -------
    int or None
    """
    name = same_name(model)
    return next((i for i, entry in enumerate(listed) if entry.model == name), None)


def _on_disk(installed: "list[StoredModel]") -> Iterator[ListedModel]:
    for model in installed:
        if model.card is not None:
            yield ListedModel(model.name, f"{INSTALLED} {model.name}", _tip(model.card))
        else:
            tip = f"A model of your own, {model.family}"
            yield ListedModel(model.name, f"{INSTALLED} {model.name}", tip)


def _published(on_disk: set[str], marks: dict[Model | None, str]) -> Iterator[ListedModel]:
    for card in MODELS.values():
        if card.name in on_disk:
            continue
        text = f"{card.name} ({card.bytes / 1e6:.0f} MB, will be downloaded)"
        if card.name in marks:
            text = marks[card.name] + card.name
        yield ListedModel(card.name, text, _tip(card))


def _tip(card: "ModelCard") -> str:
    return f"{card.description}\nFamily: {card.family}\nLicence: {card.licence}"


def _other(model: Model) -> ListedModel:
    """Entry for a file, a model that a script has made, or an unknown name."""
    named = same_name(model)
    if isinstance(named, str):
        return ListedModel(named, f"{named} (not found)", "There is no model of this name.")
    tip = str(named) if isinstance(named, Path) else "A model that a script has made"
    return ListedModel(named, f"{INSTALLED} {display_name(named)}", tip)
