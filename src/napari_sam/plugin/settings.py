"""Settings: what the user chose in napari's preferences."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam.weights.catalogue import find_card

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam

PLUGIN = "napari-sam-microscopy"

USUAL_BUDGET = 20
"""GB, as in the manifest; left so, the environment may say otherwise."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Which model runs, where, and what it keeps.

    Parameters
    ----------
    model : str, Path or Sam
        Name, weights file, or a model that is loaded already.
    device : str or None
        ``cpu``, ``cuda`` or ``mps``; None for the fastest there is.
    cache_dir : Path, False or None
        Folder of the embeddings; None for the user's own, False for none.
    name : str
        What the user calls the model; by default the name, the file's, or the model's own.
    cache_budget : int or None
        Bytes that the folder may take; None for the usual size.
    prefetch : bool
        Whether tiles around the view are encoded before they are clicked on.
    closer : bool
        Whether to look once more at what is small or large, if the model is one that can.
    """

    model: "str | Path | Sam" = "cells-tiny"
    device: str | None = None
    cache_dir: Path | bool | None = None
    name: str = ""
    cache_budget: int | None = None
    prefetch: bool = True
    closer: bool = True

    def same_model(self, other: "Settings | None") -> bool:
        """Whether the model need not be loaded again."""
        return other is not None and (self.model, self.device, self.name) == (
            other.model,
            other.device,
            other.name,
        )

    def same_session(self, other: "Settings | None") -> bool:
        """Whether embeddings are kept in the same place, and as closely looked at."""
        return other is not None and (self.cache_dir, self.cache_budget, self.closer) == (
            other.cache_dir,
            other.cache_budget,
            other.closer,
        )


def same_name(model: Any) -> Any:
    """What a model is called in the list: names have aliases, and a text may be a file's path.

    Parameters
    ----------
    model : str, Path or Sam
        As the user called it.

    Returns
    -------
    str, Path or Sam
    """
    if not isinstance(model, str):
        return model
    if Path(model).is_file():
        return Path(model)
    card = find_card(model)
    return card.name if card else model


def display_name(model: Any) -> str:
    """What to call a model in front of the user.

    Parameters
    ----------
    model : str, Path or Sam
        The model.

    Returns
    -------
    str
    """
    named = same_name(model)
    if isinstance(named, Path):
        return named.name
    return named if isinstance(named, str) else str(named.config.name)


def read_settings() -> Settings:
    """Read napari's preferences for this plugin.

    Returns
    -------
    Settings
        The defaults where napari does not know the plugin, as in a script.
    """
    from napari.settings import get_plugin_settings

    try:
        chosen = get_plugin_settings(PLUGIN).inference
    except (KeyError, AttributeError):
        return Settings()
    folder, budget = chosen.cache_folder.strip(), float(chosen.cache_budget)
    return Settings(
        model=chosen.model.strip() or "cells-tiny",
        device=None if chosen.device == "auto" else chosen.device,
        cache_dir=Path(folder).expanduser() if folder else None,
        cache_budget=None if budget == USUAL_BUDGET else max(1, int(budget * 10**9)),
        prefetch=chosen.prefetch != "off",
        closer=chosen.closer,
    )


def read_hover() -> bool:
    """Whether the user wants to see what a click would give."""
    from napari.settings import get_plugin_settings

    with suppress(KeyError, AttributeError):
        return bool(get_plugin_settings(PLUGIN).clicks.hover)
    return True


def remember_hover(wanted: bool) -> None:
    """Write into napari's preferences whether the user wants to see what a click would give."""
    from napari.settings import get_plugin_settings

    with suppress(KeyError, AttributeError):  # as in a script
        get_plugin_settings(PLUGIN).clicks.hover = wanted


def remember_model(model: "str | Path | Sam") -> None:
    """Write the user's choice into napari's preferences.

    Parameters
    ----------
    model : str, Path or Sam
        Name or weights file; a model without either cannot be remembered, and is not.
    """
    from napari.settings import get_plugin_settings

    if isinstance(model, str | Path):
        with suppress(KeyError, AttributeError):  # as in a script
            get_plugin_settings(PLUGIN).inference.model = str(model)


def first_hint_wanted() -> bool:
    """Whether the user has still to be told how it goes; no where that cannot be remembered."""
    from napari.settings import get_plugin_settings

    try:
        return bool(get_plugin_settings(PLUGIN).inference.first_hint)
    except (KeyError, AttributeError):
        return False


def forget_first_hint() -> None:
    """Note in napari's preferences that the user knows how it goes."""
    from napari.settings import get_plugin_settings

    with suppress(KeyError, AttributeError):  # as in a script
        get_plugin_settings(PLUGIN).inference.first_hint = False
