"""Options shared by several commands, alone or in groups.

Groups are for :func:`~napari_sam.cli.option_groups.expand_groups`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

DEFAULT_MODEL = "cells-tiny"

ImageArgument = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE",
        help="TIFF, OME-TIFF, OME-Zarr, zarr, npy, png, jpg, czi, nd2 or lif; a path inside a "
        "zarr, such as plate.zarr/A/1/0; an image of a file, such as slide.czi::2; or the URL of "
        "a zarr.",
    ),
]
ModelOption = Annotated[
    str, typer.Option(help="A name (see napari-sam models), or a file of weights.")
]
LearnedOption = Annotated[
    Path | None,
    typer.Option(help="What the model learned from accepted objects, from napari-sam learn."),
]
DeviceOption = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1, mps ...; the fastest one by default.")
]
PrecisionOption = Annotated[
    Literal["auto", "fp32", "bf16"] | None,
    typer.Option(
        help="Arithmetic of the image encoder: fp32 and bf16 give the same on every machine; auto, "
        "the default, takes bf16 where the processor is faster with it."
    ),
]
AxesOption = Annotated[
    str | None, typer.Option(help="Meaning of the image's dimensions, such as TZYX, CYX or YXC.")
]
SeriesOption = Annotated[
    str | None,
    typer.Option(
        metavar="N|NAME",
        help="The image in a file that holds several: its number, from 0, or name.",
    ),
]
WellsOption = Annotated[
    str | None,
    typer.Option(
        metavar="B03,C*", help="Wells of a plate: names or patterns, with commas between; all."
    ),
]
ChannelsOption = Annotated[
    str | None, typer.Option(help="Up to three channels that the model sees, such as 0 or 2,0.")
]
ContrastOption = Annotated[
    tuple[float, float] | None,
    typer.Option(metavar="LOW HIGH", help="Intensities shown black and white; by default chosen."),
]
CacheDirOption = Annotated[
    Path | None, typer.Option(help="Folder of the embedding cache; the user's own by default.")
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Have the tiles done by a Dask cluster: its scheduler, or local:N for N workers here.",
    ),
]
OmeZarrVersionOption = Annotated[
    str | None,
    typer.Option(
        metavar="0.4|0.5", help="Version of OME-Zarr for the labels; 0.5, or that of the image."
    ),
]
RecipeOption = Annotated[
    bool,
    typer.Option(
        "--recipe/--no-recipe", help="Write a recipe with the result, for napari-sam rerun."
    ),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what exists.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Options for reading an image and caching its embeddings.

    Commands take the group through :func:`~napari_sam.cli.option_groups.expand_groups`;
    :class:`~napari_sam.cli.settings.Settings` reads it.

    Parameters
    ----------
    axes : str or None
        One letter of TCZYX for each dimension of the image; guessed if None.
    series : str or None
        Number or name of the image in a file that holds several; the first if None.
    channels : str or None
        Numbers of one to three channels, separated by commas; the image's default if None.
    contrast : tuple of float or None
        Intensities that the model sees as black and white; chosen from the image if None.
    cache_dir : Path or None
        Folder of the embedding cache; that in the user's cache folder if None.
    """

    axes: AxesOption = None
    series: SeriesOption = None
    channels: ChannelsOption = None
    contrast: ContrastOption = None
    cache_dir: CacheDirOption = None


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Options for how a command reports its result and errors; shared by nearly all commands.

    Parameters
    ----------
    json : bool
        Print the summary as one JSON object, and show no progress bars.
    debug : bool
        Show the traceback of an error. :func:`napari_sam.cli.app.run` looks for the flag before
        the command line is parsed; the parser only accepts and lists the option.
    """

    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON, no bars.")] = (
        False
    )
    debug: DebugOption = False
