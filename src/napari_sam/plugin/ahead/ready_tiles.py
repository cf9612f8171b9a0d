"""ReadyTiles: tiles with embeddings, listed by contrast and channels of the image; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from napari_sam.image.volume import Plane
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.worker.events import Ready
from napari_sam.tiles.grid import Tile, TileGrid


@dataclass(eq=False, slots=True)
class ReadyVersion:
    """Ready tiles of an image with certain data, contrast and channels.

    Parameters
    ----------
    source : ImageSource
        The image as the model got it.
    grid : TileGrid
        Grid of the tiles.
    planes : dict
        Ready tiles by plane.
    all_done : bool
        Whether all tiles were encoded that fit into the cache.
    """

    source: ImageSource
    grid: TileGrid
    planes: dict[Plane, set[Tile]] = field(default_factory=dict)
    all_done: bool = False


class ReadyTiles:
    """Keeps the ready tiles of each version of the image, for another contrast may come back."""

    def __init__(self) -> None:
        self._versions: list[ReadyVersion] = []

    def add(self, event: Ready) -> None:
        """Add the tiles of a worker event, or replace all tiles by them."""
        if event.all_there_are:
            self._versions = []
        version = self.version(event.source)
        if version is None:
            version = ReadyVersion(event.source, event.grid)
            self._versions.append(version)
        for tile in event.tiles:
            version.planes.setdefault(tile.plane, set()).add(tile)

    def version(self, source: ImageSource) -> ReadyVersion | None:
        """The version of an image with the present contrast; None before the first ready tile."""
        return next((v for v in self._versions if source.same_view(v.source)), None)

    def planes(self, source: ImageSource) -> Mapping[Plane, set[Tile]]:
        """Ready tiles of an image with the present contrast, by plane."""
        version = self.version(source)
        return {} if version is None else version.planes

    def all_done(self, source: ImageSource) -> bool:
        """Whether as many tiles were encoded as fit into the cache."""
        version = self.version(source)
        return version is not None and version.all_done

    def forget_others(self, source: ImageSource) -> None:
        """Forget versions with other arrays than those of the image: their memory may be large."""
        self._versions = [v for v in self._versions if source.same_arrays(v.source)]

    def clear(self) -> None:
        """Forget all versions."""
        self._versions = []
