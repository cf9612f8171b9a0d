"""Recipe: all that a worker has to know to see an image as this process does."""

import os
import secrets
from dataclasses import dataclass, field
from typing import Self

from napari_sam import __version__
from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import ClusterError
from napari_sam.image.intensity import IntensityMapping
from napari_sam.image.read import is_url
from napari_sam.weights.load import weights_hash


@dataclass(frozen=True, slots=True)
class Recipe:
    """What travels with each task instead of an image and a model.

    Parameters
    ----------
    image : str
        Path from the root, as the workers see it too; or a URL.
    axes, channels, shape
        As :class:`~napari_sam.image.volume.Volume` has them here.
    mapping : IntensityMapping
        The limits are measured once, here.
    tile_size : int
        Side of a tile, in pixels.
    cache : str or None
        Folder of the embeddings; None for none.
    cache_budget : int or None
        Bytes that it may take.
    model : str
        Name, or file of weights as the workers see it too.
    weights : str
        Fingerprint that the model must have there.
    device : str or None
        None for the fastest that a worker has.
    closer : bool
        Whether to look once more at what is small or large.
    version : str
        Of this package.
    run : str
        Differs from run to run, so that no worker keeps an image open that was replaced.
    """

    image: str
    axes: str
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
    version: str = __version__
    run: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def of(cls, encoder: Encoder, model: str, device: str | None) -> Self:
        """Describe what an encoder encodes.

        Parameters
        ----------
        encoder : Encoder
            Of this process.
        model : str
            By which name, or from which file, its model was loaded.
        device : str or None
            Of the workers.

        Raises
        ------
        ClusterError
            If the image is not a file or a folder.
        """
        volume, cache = encoder.volume, encoder.cache
        if not is_url(volume.name) and not os.path.exists(volume.name):
            raise ClusterError(
                f"the workers cannot open {volume.name}: give an image that is a file, on storage "
                "that they share"
            )
        return cls(
            image=volume.identity,
            axes=volume.axes,
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
        )
