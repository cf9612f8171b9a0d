"""Settings: from the options of a command to a volume, a model and a Session."""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from napari_sam.errors import ModelError

from .options import ImageOptions
from .report import show_download

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume
    from napari_sam.model.sam import Sam
    from napari_sam.session import Session


@dataclass(frozen=True, slots=True)
class ExactView:
    """Contrast, colours and tiles of a recipe; no option says them exactly.

    Parameters
    ----------
    contrast : tuple of pair of float
        Limits of each channel.
    colours : tuple of tuple of float or None
        Red, green and blue of each channel.
    tile_size : int
        Side of a tile, data pixels.
    """

    contrast: tuple[tuple[float, float], ...]
    colours: tuple[tuple[float, float, float], ...] | None
    tile_size: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Model and image options of a command, ready to open sessions.

    Parameters
    ----------
    model : str or Sam
        Name of a model, path of a weights file, or a model that is loaded already.
    device : str or None
        Device for the model, as torch names it; the fastest if None.
    image : ImageOptions
        Axes, series, channels, contrast and cache folder.
    caches : bool
        Whether embeddings are kept in a cache on disk; if False, ``image.cache_dir`` has no effect.
    closer : bool
        Whether the built-in model looks a second time at small and at large objects.
    learned : Path or None
        File of what the model learned from accepted objects.
    precision : {"fp32", "bf16", "auto"} or None
        Arithmetic of the image encoder; None for the default.
    exact : ExactView or None
        Contrast, colours and tiles as in a recipe, in place of the contrast of `image`.
    model_name : str
        Name or file of the model, also after it was loaded; by default that of `model`.
    """

    model: "str | Sam"
    device: str | None
    image: ImageOptions
    caches: bool = True
    closer: bool = True
    learned: Path | None = None
    precision: str | None = None
    exact: ExactView | None = None
    model_name: str = ""

    def __post_init__(self) -> None:
        if not self.model_name and isinstance(self.model, str):
            object.__setattr__(self, "model_name", self.model)

    def read(self, path: Path | str) -> "Volume":
        """Open an image without reading a pixel or importing torch.

        Parameters
        ----------
        path : Path or str
            File or zarr folder; a str may be a URL.

        Raises
        ------
        ImageError
            If the file cannot be read as an image with these axes and channels.
        """
        from napari_sam.image.read import read_image

        options = self.image
        return read_image(
            path, axes=options.axes, channels=self.channel_numbers(), series=options.series
        )

    def open(self, volume: "Volume", *, quiet: bool) -> "Session":
        """Load the model and open a session on the image.

        Parameters
        ----------
        volume : Volume
            Image from :meth:`read`.
        quiet : bool
            Show no bar while weights are downloaded.

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
            **self._view(),
            cache_dir=self.image.cache_dir if self.caches else False,
            device=self.device,
            closer=self.closer,
            learned=self.learned,
            precision=self.precision,
        )

    def _view(self) -> dict[str, Any]:
        """Arguments of ``Session.open`` for the contrast and the tiles."""
        if self.exact is not None:
            return asdict(self.exact)
        return {"contrast": "auto" if self.image.contrast is None else self.image.contrast}

    def loaded(self, *, quiet: bool) -> "Settings":
        """Return settings with a loaded model, to be shared by several images.

        Raises
        ------
        ModelError
            If the weights cannot be loaded or downloaded, or the device cannot be used.
        """
        from napari_sam.weights.load import best_device, load_model

        if not isinstance(self.model, str):
            return self
        _check_device(self.device)
        fetch_weights(self.model, quiet=quiet)
        device = self.device or best_device()
        return replace(self, model=load_model(self.model, device, self.precision))

    def channel_numbers(self) -> tuple[int, ...] | None:
        """Return the numbers given with ``--channels``; see :func:`channel_numbers`."""
        return channel_numbers(self.image.channels)


def channel_numbers(channels: str | None) -> tuple[int, ...] | None:
    """Return the numbers given with ``--channels``; None for the image's default.

    Raises
    ------
    typer.BadParameter
        If the option is not a list of whole numbers.
    """
    if channels is None:
        return None
    try:
        return tuple(int(number) for number in channels.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"--channels takes numbers separated by commas, not {channels!r}"
        ) from None


def path_or_url(image: str) -> Path | str:
    """Turn an IMAGE argument into a Path; a URL stays a str, since a Path would lose a slash."""
    from napari_sam.image.read import is_url

    return image if is_url(image) else Path(image)


def weights_file(model: str) -> dict[Path, str]:
    """Return the file of weights that a model option names, with a noun for messages.

    Returns
    -------
    dict of Path to str
        For :class:`napari_sam.labels.files.inputs.Inputs`; empty for the name of a model.
    """
    return {Path(model): "file of weights"} if os.path.isfile(model) else {}


def fetch_weights(model: str, *, quiet: bool) -> None:
    """Download the missing weights of a model, with a bar in bytes.

    Parameters
    ----------
    model : str
        Name of a model; for the path of a weights file, nothing is downloaded.
    quiet : bool
        Show no bar.

    Raises
    ------
    ModelError
        If the weights cannot be downloaded.
    """
    from napari_sam.weights.load import fetch_model

    show_download(fetch_model(model), quiet=quiet)


def _check_device(device: str | None) -> None:
    """Raise ModelError if torch cannot put a tensor on the device."""
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
