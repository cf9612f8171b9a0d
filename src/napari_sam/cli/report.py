"""What a command says: progress bars and warnings on standard error, the summary on output."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import typer

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
