"""Recipe: image, contrast and model of an encoder, for making the same encoder on a worker."""

import os
import secrets
from dataclasses import dataclass, field
from typing import Self

from napari_sam import __version__
from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import ClusterError
from napari_sam.image.image_file import ImageFile
from napari_sam.image.intensity import IntensityMapping
from napari_sam.image.read import is_url
from napari_sam.image.series import Series
from napari_sam.weights.load import weights_hash


@dataclass(frozen=True, slots=True)
class Recipe:
    """Image, contrast, cache and model of an encoder, sent to workers with each task.

    Parameters
    ----------
    image : str
        Absolute path, valid on the workers too; or a URL.
    axes, series
        Arguments of :func:`~napari_sam.image.read.read_image`, as they were given.
    channels, shape
        Channels and shape of the :class:`~napari_sam.image.volume.Volume`; a worker compares the
        shape with that of its image.
    mapping : IntensityMapping
        Contrast and colours, measured once by the sender.
    tile_size : int
        Side of a tile, data pixels.
    cache : str or None
        Cache folder for the embeddings, absolute; None without a cache.
    cache_budget : int or None
        Bytes that the cache folder may take.
    model : str
        Name of the model, or absolute path of a file of weights, valid on the workers too.
    weights : str
        Fingerprint of the weights, with which a worker compares those of its model.
    device : str or None
        Torch device of the workers; None for the fastest of each worker.
    closer : bool
        Whether small and large objects get a second, zoomed look.
    precision : {"fp32", "bf16"}
        Arithmetic of the image encoder, the same on all workers.
    version : str
        Version of this package, which workers must share.
    run : str
        Random text for each run: workers keep images open during a run, and an image may be
        replaced between two runs.
    """

    image: str
    axes: str | None
    series: Series | None
    channels: tuple[int, ...]
    shape: tuple[int, ...]
    mapping: IntensityMapping
    tile_size: int
    cache: str | None
    cache_budget: int | None
    model: str
    weights: str
    device: str | None
    closer: bool = True
    precision: str = "fp32"
    version: str = __version__
    run: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def of(cls, encoder: Encoder, model: str, device: str | None) -> Self:
        """Describe the image, contrast, cache and model of an encoder.

        Parameters
        ----------
        encoder : Encoder
            The encoder to repeat on the workers.
        model : str
            Name or file from which its model was loaded.
        device : str or None
            Torch device of the workers; None for the fastest of each worker.

        Raises
        ------
        ClusterError
            If the image is not a file or a folder.
        """
        volume, cache = encoder.volume, encoder.cache
        file = volume.file
        if file is None and os.path.exists(volume.name):  # its axes are not those of the file
            file = ImageFile(volume.name, volume.axes)
        if file is None:
            raise ClusterError(
                f"the workers cannot open {volume.name}: give an image that is a file, on storage "
                "that they share"
            )
        return cls(
            image=file.path if is_url(file.path) else os.path.abspath(file.path),
            axes=file.axes,
            series=file.series,
            channels=volume.channels,
            shape=tuple(int(n) for n in volume.data.shape),
            mapping=encoder.mapping,
            tile_size=encoder.grid.tile_size,
            cache=None if cache is None else os.path.abspath(cache.root),
            cache_budget=None if cache is None else cache.budget,
            model=os.path.abspath(model) if os.path.isfile(model) else model,
            weights=weights_hash(encoder.model),
            device=device,
            closer=encoder.closer,
            precision=encoder.precision,
        )
