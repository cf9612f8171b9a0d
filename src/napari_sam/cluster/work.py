"""Work: what a worker does with one tile; it loads the model once, and opens an image once."""

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
from napari_sam.errors import ClusterError, ImageError, ModelError, NapariSamError
from napari_sam.image.read import read_image
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam
from napari_sam.mosaic.segment import segment_into
from napari_sam.mosaic.tile_folder import TileFolder
from napari_sam.session import Session
from napari_sam.tiles.grid import Tile
from napari_sam.weights.load import best_device, load_model, weights_hash

from .recipe import Recipe

_OPEN_IMAGES = 8  # of a folder of small images, some are under way at the same time

_lock = Lock()


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker says of a tile.

    Parameters
    ----------
    tile : Tile
        Which.
    warnings : tuple of str
        Troubles that did not stop the work, such as a full disk under the cache.
    """

    tile: Tile
    warnings: tuple[str, ...]


def encode_one(recipe: Recipe, tile: Tile) -> Done:
    """Put the embedding of a tile into the cache, unless it is there.

    Raises
    ------
    NapariSamError
        If this worker cannot see the image, the model or the cache.
    """
    with _task():
        encoder = _encoder_of(recipe)
        encoder.get(tile)
        return _done(encoder, tile)


def segment_one(recipe: Recipe, folder: str, plan: Mapping[str, Any], tile: Tile) -> Done:
    """Put the objects of a tile into the folder, unless they are there.

    Parameters
    ----------
    recipe : Recipe
        The image and the model.
    folder : str
        A tile folder, from the root.
    plan : mapping
        Its plan.
    tile : Tile
        The tile.

    Raises
    ------
    NapariSamError
        If this worker cannot see the image, the model or the folder.
    """
    with _task():
        encoder = _encoder_of(recipe)
        segment_into(encoder, tile, TileFolder(Path(folder), plan, join=True))
        return _done(encoder, tile)


@contextmanager
def _task() -> Iterator[None]:
    """One at a time; an error leaves behind what it came from, which may not be able to travel."""
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
    volume, model = _open(recipe), _model_of(recipe.model, recipe.weights, recipe.device)
    cache = False if recipe.cache is None else recipe.cache
    session = Session(
        volume,
        model,
        recipe.mapping,
        cache,
        recipe.tile_size,
        recipe.cache_budget,
        recipe.closer,
    )
    return session.encoder


def _open(recipe: Recipe) -> Volume:
    try:
        volume = read_image(recipe.image, axes=recipe.axes, channels=recipe.channels)
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
def _model_of(name: str, weights: str, device: str | None) -> Sam:
    """The model; kept from run to run as long as the weights are the same."""
    # A tile is divided among the threads of a worker, and not several tiles: they would each need
    # the memory of one. A worker of local:N has one thread.
    torch.set_num_threads(get_worker().state.nthreads)
    try:
        model = load_model(name, device or best_device())
    except ModelError as error:
        raise ClusterError(f"a worker cannot load the model: {error}") from error
    if weights_hash(model) != weights:
        raise ClusterError(
            f"a worker has other weights for {name}: give the file of the weights, on storage "
            "that the workers share, as --model"
        )
    return model
