"""The program: its commands, its exit status, and its one line when something is wrong."""

import logging
import sys
import traceback
import warnings
from typing import Annotated

import typer

from napari_sam.errors import NapariSamError
from napari_sam.installation import conflict

from . import cache, models
from .demo import demo
from .embed import embed
from .evaluate import evaluate
from .measure import measure
from .replay import replay
from .report import warn
from .segment import segment

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 + SIGINT."""

app = typer.Typer(
    name="napari-sam",
    help="Segment microscopy images with Segment Anything models, without a window.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(segment)
app.command()(embed)
app.command()(measure)
app.command()(evaluate)
app.command()(replay)
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")


def _print_version(wanted: bool) -> None:
    if wanted:
        from napari_sam import __version__

        typer.echo(f"napari-sam {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def program(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
    ] = False,
) -> None:
    """Segment microscopy images with Segment Anything models, without a window."""
    if line := conflict():
        warn(line)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Entry of the console script; leaves with the exit status."""
    _quiet_libraries(debug="--debug" in sys.argv)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line.

    Parameters
    ----------
    arguments : list of str
        Without the program's name.

    Returns
    -------
    int
        0; 1 after an error, of which standard error has one line; 130 after Ctrl-C.
    """
    # found here and not by the parser, so that it also helps when parsing is what fails
    debug = "--debug" in arguments
    try:
        status = app(args=arguments, prog_name="napari-sam", standalone_mode=False)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc()
        status = _explain(error)
    else:
        if status == INTERRUPTED:  # the parser's own answer to Ctrl-C
            status = _explain(KeyboardInterrupt())
    return status or 0


def _quiet_libraries(*, debug: bool) -> None:
    """Keep what libraries warn of and log off standard error, unless it is asked for."""
    if debug:
        logging.basicConfig(level=logging.INFO)
    else:
        warnings.simplefilter("ignore")
        logging.getLogger().addHandler(logging.NullHandler())


def _explain(error: BaseException) -> int:
    """Say in one line what is wrong; returns the exit status."""
    status = 1
    if isinstance(error, KeyboardInterrupt):
        line, status = "stopped by Ctrl-C", INTERRUPTED
    elif isinstance(error, NapariSamError):
        line = str(error)
    elif hasattr(error, "format_message"):  # the parser's: an unknown option, a missing argument
        line = f"{error.format_message().rstrip('.')} (see napari-sam --help)"
    elif isinstance(error, MemoryError):
        line = "out of memory: close other programs, or segment a smaller part of the image"
    else:
        line = f"unexpected {type(error).__name__}: {error} (--debug shows where)"
    print("napari-sam:", " ".join(line.split()), file=sys.stderr)
    return status
