"""Click a cell, get its mask: Segment Anything for microscopy, in napari and in Python.

Public names are imported when they are first used, so that ``import napari_sam`` is quick: torch
alone takes seconds, and napari imports the package only to list its plugins.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam.image.read import read_image
    from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, PromptSet
    from napari_sam.weights.load import load_model

    from .session import Session

__version__ = "0.1.0"

__all__ = [
    "BoxPrompt",
    "MaskPrompt",
    "PointPrompt",
    "PromptSet",
    "Session",
    "__version__",
    "load_model",
    "read_image",
]

_MODULES = {
    "BoxPrompt": "prompts.prompt",
    "MaskPrompt": "prompts.prompt",
    "PointPrompt": "prompts.prompt",
    "PromptSet": "prompts.prompt",
    "Session": "session",
    "load_model": "weights.load",
    "read_image": "image.read",
}
"""Public name -> the module in which it is defined."""


def __getattr__(name: str) -> object:
    """Import a public name at its first use (PEP 562).

    Raises
    ------
    AttributeError
        If the package has no such public name.
    """
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value  # later look-ups do not call __getattr__
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
