"""Program ``napari-sam``: list of commands, exit status, and one-line error messages."""

import logging
import sys
import traceback
import warnings
from typing import Annotated

import typer

from napari_sam.errors import NapariSamError
from napari_sam.file_names import printable
from napari_sam.installation import conflict
from napari_sam.threads import wait_passively

from . import cache, models
from .classify import classify
from .demo import demo
from .embed import embed
from .evaluate import evaluate
from .export import export
from .learn import learn
from .measure import measure
from .replay import replay
from .report import warn
from .segment import segment
from .track import track
from .train import train
from .view import view

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 + SIGINT."""

FIRST_STEPS = """Begin with one of these:

  napari-sam demo                                 a real image, segmented, to see that all works
  napari-sam view IMAGE                           napari with your image: click on a cell
  napari-sam segment IMAGE -o labels.ome.zarr     all cells of your image, without a window

napari-sam --help lists all commands, and napari-sam COMMAND --help the options of one."""
"""Answer to the program's name alone."""

wait_passively()

app = typer.Typer(
    name="napari-sam",
    help="Segment microscopy images with Segment Anything models.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(view)
app.command()(segment)
app.command()(embed)
app.command()(measure)
app.command()(track)
app.command()(evaluate)
app.command()(learn)
app.command()(train)
app.command()(classify)
app.command()(export)
app.command()(replay)
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")


def _print_version(version: bool) -> None:
    """Print the version and end the command, if ``--version`` is given."""
    if version:
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
    """Segment microscopy images with Segment Anything models."""
    if line := conflict():
        warn(line)
    if context.invoked_subcommand is None:
        typer.echo(FIRST_STEPS)


def main() -> None:
    """Run the console script: the command line of the process, ending with its exit status."""
    _quiet_libraries(debug="--debug" in sys.argv)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line.

    Parameters
    ----------
    arguments : list of str
        Words of the command line, without the program's name.

    Returns
    -------
    int
        0; 1 after an error, which is one line on standard error; 130 after Ctrl-C.
    """
    # looked for before parsing, so that errors of the parser have a traceback too
    debug = "--debug" in arguments
    try:
        status = app(args=arguments, prog_name="napari-sam", standalone_mode=False)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc()
        status = _explain(error)
    else:
        if status == INTERRUPTED:  # the parser caught Ctrl-C itself
            status = _explain(KeyboardInterrupt())
    return status or 0


def _quiet_libraries(*, debug: bool) -> None:
    """Hide warnings and logs of libraries; with ``--debug``, log them to standard error."""
    if debug:
        logging.basicConfig(level=logging.INFO)
    else:
        warnings.simplefilter("ignore")
        logging.getLogger().addHandler(logging.NullHandler())


def _explain(error: BaseException) -> int:
    """Print a one-line message of an error to standard error; return the exit status."""
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
    print("napari-sam:", printable(" ".join(line.split())), file=sys.stderr)
    return status
