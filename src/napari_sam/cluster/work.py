"""Work: the tasks of a worker, a tile each; the model and open images stay for later tasks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from distributed import get_worker

from napari_sam import __version__
from napari_sam.embeddings.encode import Encoder
from napari_sam.encoded_image import EncodedImage
from napari_sam.errors import ClusterError, ImageError, ModelError, NapariSamError
from napari_sam.image.read import read_image
from napari_sam.image.volume import Volume
from napari_sam.model.precision import Precision
from napari_sam.model.sam import Sam
from napari_sam.mosaic.segment import segment_into
from napari_sam.mosaic.tile_folder import TileFolder
from napari_sam.tiles.grid import Tile
from napari_sam.weights.load import best_device, load_model, weights_hash
from napari_sam.weights.precision import fastest_precision

from .recipe import Recipe

_OPEN_IMAGES = 8
"""Images that a worker keeps open: tasks of several small images may alternate."""

_lock = Lock()


@dataclass(frozen=True, slots=True)
class Done:
    """Result of a task, sent back by the worker.

    Parameters
    ----------
    tile : Tile
        The finished tile.
    warnings : tuple of str
        Troubles that did not stop the work, such as a full disk under the cache.
    """

    tile: Tile
    warnings: tuple[str, ...]


def encode_one(recipe: Recipe, tile: Tile) -> Done:
    """Write the embedding of a tile to the cache; cached tiles are skipped.

    Raises
    ------
    NapariSamError
        If the worker cannot open the image, the model or the cache.
    """
    with _task():
        encoder = _encoder_of(recipe)
        encoder.get(tile)
        return _done(encoder, tile)


def segment_one(recipe: Recipe, folder: str, plan: Mapping[str, Any], tile: Tile) -> Done:
    """Write the objects of a tile to a tile folder; finished tiles are skipped.

    Parameters
    ----------
    recipe : Recipe
        The image and the model.
    folder : str
        Absolute path of the tile folder.
    plan : mapping
        Plan of the tile folder, see :class:`~napari_sam.mosaic.tile_folder.TileFolder`.
    tile : Tile
        A tile of the image's grid.

    Raises
    ------
    NapariSamError
        If the worker cannot open the image, the model or the folder.
    """
    with _task():
        encoder = _encoder_of(recipe)
        segment_into(encoder, tile, TileFolder(Path(folder), plan, join=True))
        return _done(encoder, tile)


def fastest_here(device: str | None) -> Precision:
    """Faster precision of a worker on a device; on its fastest device by default."""
    return fastest_precision(device or best_device())


@contextmanager
def _task() -> Iterator[None]:
    """Run tasks sequentially; errors lose their causes, because pickle may fail on a cause."""
    with _lock:
        try:
            yield
        except NapariSamError as error:
            error.__cause__ = error.__context__ = None
            raise


def _done(encoder: Encoder, tile: Tile) -> Done:
    notes = tuple(encoder.warnings)
    encoder.warnings.clear()
    return Done(tile, notes)


@lru_cache(_OPEN_IMAGES)
def _encoder_of(recipe: Recipe) -> Encoder:
    if recipe.version != __version__:
        raise ClusterError(
            f"a worker has napari-sam {__version__}, and here is {recipe.version}: install the "
            "same version on both"
        )
    volume = _open(recipe)
    model = _model_of(recipe.model, recipe.weights, recipe.device, recipe.precision)
    cache = False if recipe.cache is None else recipe.cache
    image = EncodedImage(
        volume,
        model,
        recipe.mapping,
        cache,
        recipe.tile_size,
        recipe.cache_budget,
        recipe.closer,
    )
    return image.encoder


def _open(recipe: Recipe) -> Volume:
    try:
        volume = read_image(
            recipe.image, axes=recipe.axes, channels=recipe.channels, series=recipe.series
        )
    except ImageError as error:
        raise ClusterError(
            f"a worker cannot open {recipe.image}: put it on storage that the workers share, "
            f"under the same path ({error})"
        ) from error
    if tuple(volume.data.shape) != recipe.shape:
        raise ClusterError(
            f"{recipe.image} is another image on a worker: put it on storage that the workers share"
        )
    return volume


@lru_cache(1)
def _model_of(name: str, weights: str, device: str | None, precision: str) -> Sam:
    """The model; later runs with the same weights use the same object."""
    # All threads of a worker compute a single tile: tiles side by side would need as many times
    # the memory. A worker of local:N has one thread.
    torch.set_num_threads(get_worker().state.nthreads)
    try:
        model = load_model(name, device or best_device(), precision)
    except ModelError as error:
        raise ClusterError(f"a worker cannot load the model: {error}") from error
    if weights_hash(model) != weights:
        raise ClusterError(
            f"a worker has other weights for {name}: give the file of the weights, on storage "
            "that the workers share, as --model"
        )
    return model
