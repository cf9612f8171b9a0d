"""Plot of the losses of a run: ``python -m training.curve RUN/log.jsonl curve.png``."""

import json
from pathlib import Path
from typing import Annotated

import typer

NOT_LOSSES = ("step", "minutes", "lr")


def read_log(path: Path) -> dict[str, list[float]]:
    """Columns of a ``log.jsonl`` by name; NaN for values that a line lacks."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    names = dict.fromkeys(name for line in lines for name in line)
    return {name: [line.get(name, float("nan")) for line in lines] for name in names}


def draw_curve(columns: dict[str, list[float]], path: Path) -> None:
    """Draw each loss against the minutes, and the learning rate below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for name in columns:
        if name not in NOT_LOSSES:
            above.plot(columns["minutes"], columns[name], label=name)
    above.set_ylabel("loss")
    above.set_ylim(bottom=0)
    above.legend()
    below.plot(columns["minutes"], columns["lr"], color="grey")
    below.set_ylabel("learning rate")
    below.set_xlabel(f"minutes ({columns['step'][-1]:.0f} steps)")
    figure.savefig(path, dpi=100)


def main(
    log: Annotated[Path, typer.Argument(help="log.jsonl of a run.")],
    picture: Annotated[Path, typer.Argument(help="File to write: .png or .svg.")],
) -> None:
    """Draw the losses of a run."""
    draw_curve(read_log(log), picture)


if __name__ == "__main__":
    typer.run(main)
