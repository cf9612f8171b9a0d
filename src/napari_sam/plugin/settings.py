"""Settings: what the user chose in napari's preferences."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam

PLUGIN = "napari-sam-microscopy"


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
    """

    model: "str | Path | Sam" = "cells-tiny"
    device: str | None = None
    cache_dir: Path | bool | None = None
    name: str = ""


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
    folder = chosen.cache_folder.strip()
    return Settings(
        model=chosen.model.strip() or "cells-tiny",
        device=None if chosen.device == "auto" else chosen.device,
        cache_dir=Path(folder).expanduser() if folder else None,
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
