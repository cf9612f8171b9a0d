"""``napari-sam models``: which models there are."""

from dataclasses import asdict

import typer

from .options import DebugOption, JsonOption
from .report import report


def models(json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the models that can be loaded by name, and the device that would run them."""
    from napari_sam.model.weights import MODELS, best_device

    if json:
        cards = [asdict(card) for card in MODELS.values()]
        report({"models": cards, "device": best_device()}, as_json=True)
        return
    for card in MODELS.values():
        typer.echo(f"{card.name}  {card.description}\n    licence: {card.licence}")
    typer.echo(f"device: {best_device()}")
