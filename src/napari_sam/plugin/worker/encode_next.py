"""Encode next: embeddings of an image that the user will open next; no Qt, no napari."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from napari_sam.plugin.image.image_source import ImageSource, nearest_plane
from napari_sam.plugin.settings import Settings

from .events import Event, Progress
from .open_session import open_session
from .tile_order import Viewport, in_view

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam


def encode_next(
    model: "Sam",
    settings: Settings,
    source: ImageSource,
    view: Viewport | None,
    give_up: Callable[[], bool],
) -> Iterator[Event]:
    """Encode the tiles of an image that will be on the screen, into the cache on disk.

    Parameters
    ----------
    model : Sam
        The model that answers clicks.
    settings : Settings
        Has the cache: without one on disk, nothing is encoded.
    source : ImageSource
        The image, as it will look.
    view : Viewport or None
        The part of the present image on the screen, which will be seen of an image of the same
        size; None for all of the image.
    give_up : callable
        True while something more urgent waits: the tile under way is begun again later.

    Yields
    ------
    Progress
        For each tile, and whenever a tile is given up.
    """
    session = open_session(model, settings, source)
    if session.interactive.tiles_in_memory() is not None:
        return
    plane = nearest_plane((0,) * len(source.plane_shape), source)
    bbox = (0, 0, *source.plane_size)
    if view is not None and len(view.plane) == len(plane):
        plane, bbox = nearest_plane(view.plane, source), view.bbox
    tiles = in_view(session.grid, plane, bbox)[: session.interactive.room]
    for done, tile in enumerate(tiles):
        while session.interactive.encode_tile(tile, keep=False, give_up=give_up) is None:
            yield Progress("Preparing the next image", done, len(tiles))
        yield Progress("Preparing the next image", done + 1, len(tiles))
