"""Encode ahead: embeddings of tiles before anybody clicks; no Qt, no napari."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import Event as Flag
from time import monotonic
from typing import TYPE_CHECKING

from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.tiles.grid import Tile

from .events import Event, Progress, Ready, Warned
from .tile_order import Viewport, around, everywhere, in_view

if TYPE_CHECKING:
    from napari_sam.session import Session

_REPORT_INTERVAL = 0.1
"""Seconds between two events while tiles are found in the cache: more would only keep Qt busy."""

_TILES_IN_MEMORY = 4
"""Tiles on the screen that stay in memory while others are encoded: a click there, or a mouse that
rests, need not wait for the disk either."""


@dataclass(frozen=True, slots=True, eq=False)
class AheadRequest:
    """Request of the dock for tiles to encode ahead.

    Parameters
    ----------
    view : Viewport
        The part of the image on the screen.
    everything : bool
        Whether to encode all tiles of the image; otherwise a few around the view.
    done : collection of Tile
        Tiles that are ready as far as the dock knows.
    give_up : threading.Event
        While it is set, the tile under way is given up and begun again later, unless the last
        click needs it.
    """

    view: Viewport
    everything: bool
    done: Collection[Tile]
    give_up: Flag


def encode_ahead(
    session: "Session",
    source: ImageSource,
    request: AheadRequest,
    still_open: Callable[[], bool],
    needed: Callable[[Tile], bool],
) -> Iterator[Event]:
    """Encode tiles in the order in which the user will probably click in them.

    Parameters
    ----------
    session : Session
        Of the image as the model sees it.
    source : ImageSource
        The same image, for the events.
    request : AheadRequest
        Which tiles.
    still_open : callable
        Whether the session is still the engine's: the image may have been opened anew meanwhile,
        with another contrast, by a click.
    needed : callable
        Whether the last click needs a tile: then it is not given up.

    Yields
    ------
    Event
        :class:`Ready` and :class:`Progress`; a :class:`Warned` if the cache is full.
    """
    planes = session.volume.plane_shape
    view, everything, done = request.view, request.everything, set(request.done)
    total = len(session.tiles()) if everything else 0
    order = everywhere if everything else around
    on_screen = set(in_view(session.grid, view.plane, view.bbox)[:_TILES_IN_MEMORY])
    unreported: list[Tile] = []
    reported_at, full = monotonic(), False
    for place, tile in enumerate(order(session.grid, planes, view)):
        if full := place >= session.interactive.room:
            break
        if tile in done and tile not in on_screen:
            continue
        encoded: bool | None = None
        while still_open() and encoded is None:
            give_up = lambda tile=tile: request.give_up.is_set() and not needed(tile)  # noqa: E731
            encoded = session.interactive.encode_tile(tile, keep=tile in on_screen, give_up=give_up)
            if encoded is None:
                yield ready(session, source, [])  # a step: the runner runs the click's job here
        if not still_open():
            return
        done.add(tile)
        unreported.append(tile)
        if encoded or monotonic() - reported_at > _REPORT_INTERVAL:
            yield ready(session, source, unreported)
            yield Progress("Preparing tile", len(done), total)
            unreported, reported_at = [], monotonic()
    yield ready(session, source, unreported)
    if everything:  # the only report if the cache had all tiles, faster than the interval
        yield Progress("Preparing tile", len(done), total)
    if full and everything:
        yield _cache_is_full(session.interactive.room, total)


def _cache_is_full(room: int, total: int) -> Warned:
    return Warned(
        f"The cache is full: there is room for {room} of {total} tiles. "
        "Make it larger in napari's preferences."
    )


def ready(session: "Session", source: ImageSource, tiles: Sequence[Tile]) -> Ready:
    """Event with the tiles for immediate answers.

    With a disk cache these are `tiles`, besides the tiles of earlier events. Without one they are
    the tiles in memory, and no others.
    """
    in_memory = session.interactive.tiles_in_memory()
    if in_memory is None:
        return Ready(source, session.grid, tuple(tiles))
    return Ready(source, session.grid, in_memory, all_there_are=True)
