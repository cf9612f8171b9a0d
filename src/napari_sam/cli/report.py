"""Report: progress bars and warnings on standard error, summaries on standard output."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

from napari_sam.file_names import printable

if TYPE_CHECKING:
    from napari_sam.weights.download import DownloadStep

T = TypeVar("T")


def progress(steps: Iterable[T], total: int, description: str, *, quiet: bool) -> Iterator[T]:
    """Pass steps through, and show a bar of the steps so far.

    Parameters
    ----------
    steps : iterable
        Generator that does the work of a command, one value a step.
    total : int
        Number of steps.
    description : str
        Word in front of the bar.
    quiet : bool
        Show no bar. Without a terminal on standard error there is none either.

    Yields
    ------
    object
        The values of `steps`.
    """
    from tqdm import tqdm

    disable = True if quiet else None
    with tqdm(steps, description, total, file=sys.stderr, disable=disable, leave=False) as bar:
        yield from bar


@contextmanager
def progress_bar(description: str, *, quiet: bool) -> Iterator[Callable[[int, int], object]]:
    """Yield a function that shows steps done, and steps in all, as a bar; see :func:`progress`."""
    from tqdm import tqdm

    disable = True if quiet else None
    with tqdm(desc=description, file=sys.stderr, disable=disable, leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


class Stage(Protocol):
    """Step of work in several stages, with the parts of its stage that are done."""

    @property
    def stage(self) -> str:
        """Word in front of the bar."""

    @property
    def done(self) -> int:
        """Parts that are done."""

    @property
    def total(self) -> int:
        """Parts of the stage."""


StageStep = TypeVar("StageStep", bound=Stage)


def show_stages(steps: Iterable[StageStep], *, quiet: bool) -> Iterator[StageStep]:
    """Pass steps through, and show a bar for each stage.

    Parameters
    ----------
    steps : iterable of Stage
        Generator that does the work of a command.
    quiet : bool
        Show no bar. Without a terminal on standard error there is none either.

    Yields
    ------
    Stage
        The values of `steps`.
    """
    from tqdm import tqdm

    disable = True if quiet else None
    for stage, of_stage in groupby(steps, key=lambda step: step.stage):
        with tqdm(desc=stage, file=sys.stderr, disable=disable, leave=False) as bar:
            for step in of_stage:
                bar.total = step.total
                bar.update(step.done - bar.n)
                yield step


def show_download(steps: "Iterable[DownloadStep]", *, quiet: bool) -> None:
    """Show a bar in bytes while files are downloaded, one after another.

    Parameters
    ----------
    steps : iterable of DownloadStep
        Steps of :func:`napari_sam.weights.load.fetch_model` or
        :func:`~napari_sam.weights.download.download_model`; all of them are taken here.
    quiet : bool
        Show no bar. Without a terminal on standard error there is none either.
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
    """Print the result of a command to standard output, and warnings to standard error.

    Parameters
    ----------
    summary : mapping of str to value
        Values that JSON can hold. As text each value is a line after its name: a list is several
        lines, an empty list none. The list "warnings" goes to standard error.
    as_json : bool
        Print one JSON object with all values, warnings included, instead of text.
    """
    for line in summary.get("warnings", ()):
        warn(line)
    if as_json:
        typer.echo(json.dumps(_printable(dict(summary))))
        return
    for name, value in summary.items():
        values = value if isinstance(value, list) else [value]
        if isinstance(value, dict):
            values = [f"{key}: {_as_text(each)}" for key, each in value.items()]
        if name != "warnings":
            for heading, item in zip([name] + [""] * len(values), values, strict=False):
                typer.echo(f"{heading:<10}{printable(str(item))}")


def _as_text(value: Any) -> str:
    """A value of a summary as text: of figures before and after, an arrow between both."""
    if isinstance(value, dict):
        return " -> ".join(map(str, value.values()))
    return str(value)


def _printable(value: Any) -> Any:
    """Return a JSON value with names of files as Unicode: others are no valid JSON."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return {k: _printable(v) for k, v in value.items()} if isinstance(value, dict) else value


def warn(line: str) -> None:
    """Print a warning to standard error, as a single line."""
    typer.echo(f"napari-sam: warning: {printable(' '.join(line.split()))}", err=True)
