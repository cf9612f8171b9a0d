"""Train, resume and export with one command: ``python -m training --help``."""

import json
from pathlib import Path
from typing import Annotated

import torch
import typer

from napari_sam.weights.load import best_device

from .recipe import RECIPES
from .train import TrainingPlan, run


def main(
    data: Annotated[Path, typer.Option(help="Folder with one folder of .npz files per set.")],
    out: Annotated[Path, typer.Option(help="Run folder; a checkpoint in it is resumed.")],
    minutes: Annotated[float, typer.Option(help="Length of the whole run.")] = 120,
    learning_rate: float = 8e-4,
    corrections: float = 0.4,
    own: Annotated[float, typer.Option(help="Rounds in which the model prompts itself.")] = 0.5,
    windows: Annotated[int, typer.Option(help="Windows of 256 pixels in a batch.")] = 4,
    objects: Annotated[int, typer.Option(help="Prompted objects in such a window.")] = 8,
    largest: Annotated[int, typer.Option(help="Side of the largest windows, pixels.")] = 1024,
    procedural: Annotated[int, typer.Option(help="Canvases of four procedural images.")] = 60,
    workers: Annotated[int, typer.Option(help="Processes that paint procedural images.")] = 0,
    seed: int = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps; the best by default.")] = "",
    start: Annotated[Path | None, typer.Option(help="Weights to start from.")] = None,
    recipe: Annotated[str, typer.Option(help=f"{', '.join(RECIPES)}: sets and kinds.")] = "new",
    leave_out: Annotated[str, typer.Option(help="Sets not to see, with commas between.")] = "",
    switches: Annotated[
        str, typer.Option(help="JSON overrides of ModelConfig and AnswerPolicy.")
    ] = "{}",
) -> None:
    """Train the built-in model; cells-tiny.safetensors in the run folder is ready to ship."""
    plan = TrainingPlan(
        data,
        out,
        minutes,
        learning_rate=learning_rate,
        corrections=corrections,
        own=own,
        windows=windows,
        objects=objects,
        largest=largest,
        procedural=procedural,
        workers=workers,
        seed=seed,
        switches=json.loads(switches),
        start=start,
        recipe=recipe,
        leave_out=tuple(leave_out.split(",")),
    )
    for line in run(plan, torch.device(device or best_device())):
        typer.echo("  ".join(f"{key} {value:.4g}" for key, value in line.items()))


if __name__ == "__main__":
    typer.run(main)
