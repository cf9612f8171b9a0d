"""Settings: the user's choices in napari's preferences."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam.weights.catalogue import find_card

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam

PLUGIN = "napari-sam-microscopy"

USUAL_BUDGET = 20
"""Cache budget of the manifest, GB: with this value, an environment variable may set another."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Model, device, cache and prefetching, as the user chose.

    Parameters
    ----------
    model : str, Path or Sam
        Name, weights file, or a model that is loaded already.
    device : str or None
        ``cpu``, ``cuda`` or ``mps``; None for the fastest there is.
    cache_dir : Path, False or None
        Folder of the embeddings; None for the user's own, False for none.
    name : str
        Name of the model for the user; by default the name of the model or file.
    cache_budget : int or None
        Bytes for the folder; None for the default of the cache.
    prefetch : bool
        Whether to encode tiles around the view before any click.
    closer : bool
        Whether to look once more at small and large objects, if the model supports that.
    precision : {"fp32", "bf16", "auto"} or None
        Arithmetic of the image encoder; None for the default, auto.
    learn : bool
        Whether the model learns from accepted objects by itself.
    """

    model: "str | Path | Sam" = "cells-tiny"
    device: str | None = None
    cache_dir: Path | bool | None = None
    name: str = ""
    cache_budget: int | None = None
    prefetch: bool = True
    closer: bool = True
    precision: str | None = None
    learn: bool = False

    def same_model(self, other: "Settings | None") -> bool:
        """Whether the model need not be loaded again."""
        return other is not None and (self.model, self.device, self.name, self.precision) == (
            other.model,
            other.device,
            other.name,
            other.precision,
        )

    def same_session(self, other: "Settings | None") -> bool:
        """Whether both have the same cache folder, cache budget and second looks."""
        return other is not None and (self.cache_dir, self.cache_budget, self.closer) == (
            other.cache_dir,
            other.cache_budget,
            other.closer,
        )


def same_name(model: Any) -> Any:
    """Canonical name or path of a model: names have aliases, and a text may be a path.

    Parameters
    ----------
    model : str, Path or Sam
        Name, path or model, as the user chose it.

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
    """Name of a model for the user.

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
    """Read napari's preferences for the plugin.

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
        precision=None if chosen.precision == "auto" else chosen.precision,
    )


@dataclass(frozen=True, slots=True)
class Preference:
    """A yes or no in napari's preferences for the plugin, which the dock reads and remembers.

    Parameters
    ----------
    section, name : str
        Its place in the preferences of the manifest.
    default : bool
        The value in a script, which has no preferences.
    """

    section: str
    name: str
    default: bool

    def read(self) -> bool:
        """The value now."""
        from napari.settings import get_plugin_settings

        with suppress(KeyError, AttributeError):
            return bool(getattr(getattr(get_plugin_settings(PLUGIN), self.section), self.name))
        return self.default

    def remember(self, value: bool) -> None:
        """Write the value into the preferences."""
        from napari.settings import get_plugin_settings

        with suppress(KeyError, AttributeError):  # as in a script
            setattr(getattr(get_plugin_settings(PLUGIN), self.section), self.name, value)


LEARNING = Preference("inference", "learn", default=True)
"""Whether the model learns by itself."""

HOVER = Preference("clicks", "hover", default=True)
"""Whether hover is on."""

OUTLINE = Preference("clicks", "outline", default=False)
"""Whether labels and preview are shown as outlines."""

FIRST_HINT = Preference("inference", "first_hint", default=False)
"""Whether to show the three first steps."""


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
