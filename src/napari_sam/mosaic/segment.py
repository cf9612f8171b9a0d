"""Segment: all objects of an image of any size, tile by tile, resumable after interruptions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.automatic.everything import not_cut, segment_encoded
from napari_sam.masks.pixels.background import is_background
from napari_sam.tiles.grid import Tile
from napari_sam.weights.load import weights_hash

from .mosaic import Mosaic
from .tile_folder import TileFolder
from .tile_objects import TileObjects

Work = Callable[[Encoder, TileFolder, Sequence[Tile]], Iterable[object]]
"""Fills a folder with the objects of tiles, a tile a step, in any order and process."""

VERSION = 6
"""Version of the search for objects, increased with every change of its results: tile folders of
other versions are not used again."""


@dataclass(frozen=True, slots=True)
class MosaicStep:
    """Progress of :func:`segment_mosaic`: steps done, and steps in all."""

    done: int
    total: int


def plan_of(encoder: Encoder, skip_empty: bool = True) -> dict[str, Any]:
    """Plan of a tile folder: everything besides pixels on which the objects of a tile depend.

    Stored as JSON; :class:`~napari_sam.mosaic.tile_folder.TileFolder` compares it. `skip_empty` as
    in :func:`segment_mosaic`.
    """
    volume, grid, model = encoder.volume, encoder.grid, encoder.model
    return {
        "version": VERSION,
        "image": volume.name,
        "axes": volume.axes,
        "shape": list(volume.data.shape),
        "channels": None if volume.channels is None else list(volume.channels),
        "intensity": encoder.mapping.key,
        "model": model.config.name,
        "weights": weights_hash(model),
        "precision": encoder.precision,
        "tile_size": grid.tile_size,
        "overlap": grid.overlap,
        "closer": encoder.closer,
        "skip_empty": skip_empty,
    }


def segment_into(encoder: Encoder, tile: Tile, folder: TileFolder) -> bool:
    """Find the objects of a tile for a folder; returns False if the folder has them already.

    A tile of background alone is not encoded, if the plan of the folder says so.
    """
    pixels = encoder.read(tile)
    _, digest = pixels
    if folder.get(tile, digest) is not None:
        return False
    if folder.plan["skip_empty"] and is_background(pixels[0], encoder.mapping.limits):
        folder.put(TileObjects.of_background(tile), digest)
        return True
    objects = segment_encoded(encoder, encoder.get(tile, pixels))
    masks = list(not_cut(objects, encoder.grid, tile))
    folder.put(TileObjects.from_masks(tile, masks), digest)
    return True


class MosaicSteps:
    """Work of :func:`segment_mosaic`: an iterable of MosaicStep with a length."""

    def __init__(self, steps: Iterator[MosaicStep], total: int) -> None:
        self._steps, self._total = steps, total

    def __iter__(self) -> Iterator[MosaicStep]:
        """Do the work; a second time does nothing."""
        return self._steps

    def __len__(self) -> int:
        """Number of steps in all."""
        return self._total


def segment_here(encoder: Encoder, folder: TileFolder, tiles: Sequence[Tile]) -> Iterator[bool]:
    """Find the objects of tiles in this process, in their order."""
    for tile in tiles:
        yield segment_into(encoder, tile, folder)


def segment_mosaic(
    encoder: Encoder,
    path: Path,
    work: Work,
    on_labels: Callable[[Mosaic], None],
    skip_empty: bool = True,
) -> MosaicSteps:
    """Prepare to find all objects of an image.

    Parameters
    ----------
    encoder : Encoder
        Model, image and tiles.
    path : Path
        Folder for the objects of finished tiles, whose files are used again.
    work : callable
        Finds the objects of the tiles: in this process (:func:`segment_here`), or elsewhere. It
        may begin at once.
    on_labels : callable
        Gets the labels after the last step.
    skip_empty : bool
        Whether tiles of background alone are not encoded, see
        :func:`~napari_sam.masks.pixels.background.is_background`. An image of a single tile is
        always encoded.

    Returns
    -------
    MosaicSteps
        The work, a step for each tile and for each part of putting them together.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    tiles = [tile for plane in encoder.volume.planes() for tile in encoder.grid.tiles(plane)]
    folder = TileFolder(path, plan_of(encoder, skip_empty and len(tiles) > 1))
    mosaic = Mosaic(folder, encoder.grid, encoder.volume.plane_shape)
    total = len(tiles) + mosaic.steps
    steps = chain(work(encoder, folder, tiles), mosaic.prepare())
    return MosaicSteps(_counted(steps, total, lambda: on_labels(mosaic)), total)


def _counted(
    steps: Iterable[object], total: int, on_end: Callable[[], None]
) -> Iterator[MosaicStep]:
    for done, _ in enumerate(steps, start=1):
        yield MosaicStep(done, total)
    on_end()
