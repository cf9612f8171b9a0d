"""ReadyTiles: where clicks are answered at once, for each look of an image; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from napari_sam.image.volume import Plane
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.worker.events import Ready
from napari_sam.tiles.grid import Tile, TileGrid


@dataclass(eq=False, slots=True)
class ReadyLook:
    """What is ready of an image as it looked once.

    Parameters
    ----------
    source : ImageSource
        The image as the model saw it.
    grid : TileGrid
        Of the tiles.
    planes : dict
        Tiles by plane.
    all_done : bool
        Whether all was encoded that there is room for.
    """

    source: ImageSource
    grid: TileGrid
    planes: dict[Plane, set[Tile]] = field(default_factory=dict)
    all_done: bool = False


class ReadyTiles:
    """Remembers which tiles are ready; under another contrast, others are."""

    def __init__(self) -> None:
        self._looks: list[ReadyLook] = []

    def add(self, event: Ready) -> None:
        """Take in what a worker says."""
        if event.all_there_are:
            self._looks = []
        look = self.look(event.source)
        if look is None:
            look = ReadyLook(event.source, event.grid)
            self._looks.append(look)
        for tile in event.tiles:
            look.planes.setdefault(tile.plane, set()).add(tile)

    def look(self, source: ImageSource) -> ReadyLook | None:
        """What is ready of an image as it looks now; None if nothing ever was."""
        return next((look for look in self._looks if source.same_view(look.source)), None)

    def planes(self, source: ImageSource) -> Mapping[Plane, set[Tile]]:
        """The tiles that are ready, by plane."""
        look = self.look(source)
        return {} if look is None else look.planes

    def all_done(self, source: ImageSource) -> bool:
        """Whether there is nothing left to encode."""
        look = self.look(source)
        return look is not None and look.all_done

    def forget_others(self, source: ImageSource) -> None:
        """Forget other arrays than those of an image: they were replaced, and may be large."""
        self._looks = [look for look in self._looks if source.same_arrays(look.source)]

    def clear(self) -> None:
        """Forget everything."""
        self._looks = []
