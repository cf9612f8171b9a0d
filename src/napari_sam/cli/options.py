"""Options that several commands share, and what they mean for a Session."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam.errors import ModelError

from .report import show_download, warn

if TYPE_CHECKING:
    from napari_sam.cluster.cluster import Cluster
    from napari_sam.image.volume import Volume
    from napari_sam.model.sam import Sam
    from napari_sam.session import Session

ImageArgument = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE",
        help="TIFF, OME-TIFF, OME-Zarr, zarr, npy, png or jpg; or the URL of a zarr.",
    ),
]
ModelOption = Annotated[
    str, typer.Option(help="A name (see napari-sam models), or a file of weights.")
]
DeviceOption = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1, mps ...; the fastest one by default.")
]
AxesOption = Annotated[
    str | None, typer.Option(help="Meaning of the image's dimensions, such as TZYX, CYX or YXC.")
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
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what exists.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the summary as JSON, no bars.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

DEFAULT_MODEL = "cells-tiny"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to look at an image, and with which model.

    Parameters
    ----------
    model : str or Sam
        Name, weights file, or a model that is loaded already.
    device : str or None
        None for the fastest.
    axes : str or None
        None to guess.
    channels : str or None
        Numbers separated by commas; None for the image's default.
    contrast : tuple of float or None
        None for automatic.
    cache_dir : Path, None or False
        None for the user's own, False for none.
    closer : bool
        Whether to look once more at what is small or large.
    """

    model: "str | Sam" = DEFAULT_MODEL
    device: str | None = None
    axes: str | None = None
    channels: str | None = None
    contrast: tuple[float, float] | None = None
    cache_dir: Path | bool | None = None
    closer: bool = True

    def read(self, image: Path | str) -> "Volume":
        """Open the image; no pixel is read, torch is not imported.

        Raises
        ------
        ImageError
            If it is not an image that can be segmented this way.
        """
        from napari_sam.image.read import read_image

        return read_image(image, axes=self.axes, channels=self.channel_numbers())

    def open(self, volume: "Volume", *, quiet: bool) -> "Session":
        """Load the model and open a session on the image.

        Parameters
        ----------
        volume : Volume
            The image.
        quiet : bool
            No bar while weights are downloaded.

        Raises
        ------
        NapariSamError
            If the model, the contrast or the cache cannot be used, or weights that are not on this
            machine cannot be downloaded.
        """
        from napari_sam.session import Session

        _check_device(self.device)
        if isinstance(self.model, str):
            fetch_weights(self.model, quiet=quiet)
        return Session.open(
            volume,
            model=self.model,
            contrast="auto" if self.contrast is None else self.contrast,
            cache_dir=self.cache_dir,
            device=self.device,
            closer=self.closer,
        )

    def loaded(self, *, quiet: bool) -> "Settings":
        """The same, with the model loaded: for several images.

        Raises
        ------
        ModelError
            If it cannot be loaded, or downloaded.
        """
        from napari_sam.weights.load import best_device, load_model

        if not isinstance(self.model, str):
            return self
        _check_device(self.device)
        fetch_weights(self.model, quiet=quiet)
        return replace(self, model=load_model(self.model, self.device or best_device()))

    def channel_numbers(self) -> tuple[int, ...] | None:
        """The channels that the model sees; None for the image's default."""
        if self.channels is None:
            return None
        try:
            return tuple(int(number) for number in self.channels.split(","))
        except ValueError:
            raise typer.BadParameter(
                f"--channels takes numbers separated by commas, not {self.channels!r}"
            ) from None


def located(image: str) -> Path | str:
    """An image as it was given: a path, or a URL, which no path can be."""
    from napari_sam.image.read import is_url

    return image if is_url(image) else Path(image)


@contextmanager
def sharing(
    settings: Settings, scheduler: str | None
) -> "Iterator[tuple[Settings, Cluster | None]]":
    """Share the work with a cluster, if one is named.

    Parameters
    ----------
    settings : Settings
        Of this command.
    scheduler : str or None
        As for :func:`napari_sam.cluster.scheduler.connect`; None to work alone.

    Yields
    ------
    Settings, Cluster or None
        The settings of this process, which then only puts together what the workers find.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached.
    """
    if scheduler is None:
        yield settings, None
        return
    from napari_sam.cluster.scheduler import connect

    with connect(scheduler) as client:
        from napari_sam.cluster.cluster import Cluster  # torch: only if there is a scheduler

        cluster = Cluster(client, str(settings.model), settings.device)
        if not cluster.workers:
            warn(f"{scheduler} has no workers yet: waiting for the first")
        yield replace(settings, device="cpu"), cluster


def fetch_weights(model: str, *, quiet: bool) -> None:
    """Download what a model lacks on this machine, with a bar in bytes.

    Parameters
    ----------
    model : str
        Name or weights file.
    quiet : bool
        No bar.

    Raises
    ------
    ModelError
        If it cannot be downloaded.
    """
    from napari_sam.weights.load import fetch_model

    show_download(fetch_model(model), quiet=quiet)


def _check_device(device: str | None) -> None:
    import torch

    if device is None:
        return
    try:
        torch.zeros(1, device=device)
    # torch raises an AssertionError where it was built without CUDA
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ModelError(
            f"the device {device!r} cannot be used here: leave --device out, or use cpu"
        ) from error
