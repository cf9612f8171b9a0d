"""What a command says: progress bars and warnings on standard error, the summary on output."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from napari_sam.weights.download import DownloadStep

T = TypeVar("T")


def progress(steps: Iterable[T], total: int, description: str, *, quiet: bool) -> Iterator[T]:
    """Show a bar while steps are done.

    Parameters
    ----------
    steps : iterable
        A generator of domain values.
    total : int
        How many there will be.
    description : str
        One word before the bar.
    quiet : bool
        No bar. There is none either where standard error is not a terminal.

    Yields
    ------
    object
        The steps.
    """
    from tqdm import tqdm

    disable = True if quiet else None
    with tqdm(steps, description, total, file=sys.stderr, disable=disable, leave=False) as bar:
        yield from bar


def show_download(steps: "Iterable[DownloadStep]", *, quiet: bool) -> None:
    """Show a bar in bytes while files are downloaded, one after another.

    Parameters
    ----------
    steps : iterable of DownloadStep
        They are taken here.
    quiet : bool
        No bar. There is none either where standard error is not a terminal.
    """
    from tqdm import tqdm

    disable = True if quiet else None
    bars: dict[str, Any] = {}
    try:
        for step in steps:
            if step.file not in bars:
                bars[step.file] = tqdm(
                    desc=step.file, total=step.total, unit="B", unit_scale=True, file=sys.stderr,
                    disable=disable, leave=False, initial=step.done,
                )  # fmt: skip
            bar = bars[step.file]
            bar.total = step.total
            bar.update(step.done - bar.n)
    finally:
        for bar in bars.values():
            bar.close()


def report(summary: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the result of a command to standard output, its warnings to standard error.

    Parameters
    ----------
    summary : mapping
        Names and plain values; a list stands on several lines, an empty one is left out. Those
        under "warnings" go to standard error.
    as_json : bool
        One JSON object instead, with all values.
    """
    for line in summary.get("warnings", ()):
        warn(line)
    if as_json:
        typer.echo(json.dumps(dict(summary)))
        return
    for name, value in summary.items():
        values = value if isinstance(value, list) else [value]
        if name != "warnings":
            for heading, item in zip([name] + [""] * len(values), values, strict=False):
                typer.echo(f"{heading:<10}{item}")


def warn(line: str) -> None:
    """Print a warning, one line on standard error."""
    typer.echo(f"napari-sam: warning: {' '.join(line.split())}", err=True)
