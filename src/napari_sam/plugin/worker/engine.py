"""Engine: the model and the Session, which only the worker touches; no Qt, no napari."""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from threading import Event as Flag
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_sam.errors import ModelError, NapariSamError
from napari_sam.journal.entry import Origin
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.clean import AS_IT_IS, Cleaning
from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.image.composite import colours_of, contrast_of, volume_of, whole_image
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.labels.lineage import read_tracks
from napari_sam.plugin.settings import Settings
from napari_sam.prompts.prompt import Prompt
from napari_sam.tiles.bbox import BBox, union
from napari_sam.tiles.bbox import place as place_in

from .events import (
    Answer,
    Event,
    Followed,
    Found,
    Glimpse,
    Measured,
    ModelReady,
    Plane,
    PlaneObjects,
    Progress,
    Ready,
    Tracked,
    Warned,
)
from .prepare import prepare
from .tile_order import Viewport, around, everywhere, in_view

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam
    from napari_sam.session import Session
    from napari_sam.tiles.grid import Tile

Events = Generator[Event, None, None]


class Asked(NamedTuple):
    """What to predict of one object on one plane; `key` comes back with the answer."""

    prompts: Sequence[Prompt]
    key: tuple[Any, ...]
    size: Size = Size.BEST


Wanted = Mapping[Plane, Mapping[int, Asked]]
"""What to predict, by plane and number of the object."""

_TOLD_EVERY = 0.1
"""Seconds between two events while tiles are found in the cache: more would only keep Qt busy."""

_AT_HAND = 4
"""Tiles on the screen that stay in memory while others are encoded: there a click, or a mouse that
rests, need not wait for the disk either."""

# torch, the session and all that they bring are imported inside the functions: they take seconds,
# and this module is imported by the GUI thread.


class Engine:
    """Answers of the model; keeps the last model and Session between jobs.

    Every method is a generator of events, to be run by one worker at a time.

    Attributes
    ----------
    origin : Origin
        The model that answers, for the journal.
    """

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._model: Sam | None = None
        self._source: ImageSource | None = None
        self._kept: Settings | None = None
        self._session: Session | None = None
        self._warned = 0
        self._asked_last: Wanted = {}
        self.origin = Origin()

    def load(self, settings: Settings) -> Events:
        """Load the model, unless it is there; what it lacks on this machine is downloaded."""
        if self._model is not None and settings.same_model(self._settings):
            return
        from napari_sam.weights.load import weights_hash

        for event in prepare(settings):
            if isinstance(event, ModelReady):
                self._model, self._settings, self._session = event.model, settings, None
                self.origin = Origin((), event.name, weights_hash(event.model))
            yield event

    def predict(self, settings: Settings, source: ImageSource, wanted: Wanted) -> Events:
        """Masks of the objects on each plane; those of one plane share passes of the decoder."""
        self._asked_last = wanted  # before it is run: what runs now may have to give way
        return self._predict(settings, source, wanted)

    def _predict(self, settings: Settings, source: ImageSource, wanted: Wanted) -> Events:
        yield from self.load(settings)
        session = self._open(settings, source)
        session.encoder.write_later = True
        for plane, asked in wanted.items():
            objects = {number: tuple(one.prompts) for number, one in asked.items()}
            sizes = {number: one.size for number, one in asked.items()}
            for done, tile in enumerate(session.encode_for(objects), start=1):
                yield Progress("Looking at the image", done)
                yield self._ready(session, source, [tile])
            for number, mask in session.predict_objects(objects, sizes).items():
                yield Answer(plane, asked[number].key, mask, number)
            session.encoder.write()
        yield from self._warnings()

    def glimpse(self, source: ImageSource, asked: Asked) -> Events:
        """The mask of one object, if all that it needs is in memory; nothing otherwise."""
        session = self._session
        if session is None or not source.same_view(self._source):
            return
        found = session.glimpse({1: tuple(asked.prompts)}, {1: asked.size})
        if found is not None:
            yield Glimpse(found[1])

    def follow(
        self,
        settings: Settings,
        source: ImageSource,
        known: Sequence[Mask],
        axis: str | None,
        within: tuple[int, int] | None,
    ) -> Events:
        """The object on the planes that it reaches from those on which it is known."""
        yield from self.load(settings)
        session = self._open(settings, source)
        yield Progress("Following")
        steps = session.propagate({1: known}, axis, within=within, commit=False)
        for step in steps:
            ended = step.ended[1].value if 1 in step.ended else ""
            differs = step.disagreement.get(1, 0.0)
            yield Followed(step.plane, step.masks.get(1), ended, differs)
            yield Progress("Following", step.done, step.total)
        yield from self._warnings()

    def everything(
        self,
        settings: Settings,
        source: ImageSource,
        planes: Sequence[Plane] | None,
        cleaning: Cleaning = AS_IT_IS,
        within: BBox | None = None,
    ) -> Events:
        """All objects of some planes, or of all, or of a region alone; a tile at a time."""
        yield from self.load(settings)
        session = self._open(settings, source)
        yield Progress("Segmenting", 0, len(session.tiles(planes, within)))
        for step in session.segment_everything(planes, commit=False, within=within):
            yield Progress("Segmenting", step.done, step.total)
            yield self._ready(session, source, [step.tile])
            if masks := list(filter(cleaning.is_object, map(cleaning.apply, step.settled))):
                yield number_objects(masks)
        yield from self._warnings()

    def linked(
        self,
        settings: Settings,
        source: ImageSource,
        axis: str | None,
        cleaning: Cleaning = AS_IT_IS,
    ) -> Events:
        """All objects of all planes, each with one number on all planes it is on."""
        yield from self.load(settings)
        session = self._open(settings, source)
        yield Progress("Segmenting")
        for step in session.segment_stack(axis, commit=False):
            yield Progress("Segmenting", step.done, step.total)
            masks = {number: cleaning.apply(mask) for number, mask in step.masks.items()}
            masks = {number: mask for number, mask in masks.items() if cleaning.is_object(mask)}
            if masks:
                yield number_objects(list(masks.values()), list(masks))
        yield from self._warnings()

    def ahead(
        self,
        settings: Settings,
        source: ImageSource,
        view: Viewport,
        everything: bool,
        done: "Collection[Tile]",
        give_up: Flag,
    ) -> Events:
        """Encode tiles before they are asked for: those around the view, or all.

        Parameters
        ----------
        settings : Settings
            Which model.
        source : ImageSource
            The image.
        view : Viewport
            What is on the screen.
        everything : bool
            All tiles, and what goes wrong is told. Otherwise a few, and a click will tell.
        done : collection of Tile
            Those that are ready as far as is known.
        give_up : Event
            While it is set, the tile under way is given up and begun again later, unless what was
            asked last needs it.
        """
        steps = self._ahead(settings, source, view, everything, set(done), give_up)
        if everything:
            yield from steps
            return
        with suppress(NapariSamError):
            yield from (event for event in steps if isinstance(event, Ready))

    def _ahead(
        self,
        settings: Settings,
        source: ImageSource,
        view: Viewport,
        everything: bool,
        done: "set[Tile]",
        give_up: Flag,
    ) -> Iterator[Event]:
        yield from self.load(settings)
        session = self._open(settings, source)
        encoder, planes = session.encoder, session.volume.plane_shape
        total = len(session.tiles()) if everything else 0
        tiles = (
            everywhere(session.grid, planes, view)
            if everything
            else around(session.grid, planes, view)
        )
        shown = set(in_view(session.grid, view.plane, view.bbox)[:_AT_HAND])
        found: list[Tile] = []
        told, full = monotonic(), False
        for place, tile in enumerate(tiles):
            if full := place >= encoder.room:
                break
            if tile in done and tile not in shown:
                continue
            fresh: bool | None = None
            while self._session is session and fresh is None:
                fresh = self._encode(session, tile, give_up, tile in shown)
                if fresh is None:
                    yield self._ready(session, source, [])  # something more urgent is done here
            if self._session is not session:
                return  # the image was clicked on as it looks now, which is not as it looked here
            done.add(tile)
            found.append(tile)
            if fresh or monotonic() - told > _TOLD_EVERY:
                yield self._ready(session, source, found)
                yield Progress("Encoding", len(done), total)
                found, told = [], monotonic()
        yield self._ready(session, source, found)
        if everything:  # also where all of it was found in the cache, too quickly to be told
            yield Progress("Encoding", len(done), total)
        if full and everything:
            yield Warned(
                f"The cache is full: there is room for {encoder.room} of {total} tiles. "
                "Make it larger in napari's preferences."
            )
        yield from self._warnings()

    def _encode(
        self, session: "Session", tile: "Tile", give_up: Flag, at_hand: bool
    ) -> bool | None:
        """Make a tile ready: whether that needed the model; None if it gave way to a click."""
        from napari_sam.masks.prompted.home_tiles import home_tiles
        from napari_sam.model.giving_way import GaveWay, giving_way

        def wanted() -> bool:
            if not give_up.is_set():
                return False
            asked = self._asked_last.get(tile.plane, {}).values()
            return not any(tile in home_tiles(session.grid, tuple(one.prompts)) for one in asked)

        seen = session.encoder.read(tile)
        fresh = not session.encoder.has(tile, seen)
        if not fresh and not at_hand:
            return False
        try:
            with giving_way(session.model.image_encoder, wanted):
                session.encoder.get(tile, seen, keep=at_hand)
        except GaveWay:
            return None
        return fresh

    @staticmethod
    def _ready(session: "Session", source: ImageSource, tiles: "Sequence[Tile]") -> Ready:
        if session.encoder.keeps:
            return Ready(source, session.grid, tuple(tiles))
        return Ready(source, session.grid, session.encoder.in_memory(), all_there_are=True)

    def tracks(self, labels: Any, axes: str, metadata: Mapping[str, Any]) -> Events:
        """Where all labels are through time."""
        yield Progress("Tracking")
        yield Tracked(read_tracks(labels, axes, metadata))

    def measure(self, labels: Any, source: ImageSource) -> Events:
        """How large, where and how bright all labels are."""
        from napari_sam.measure.measure import iter_measure

        image = whole_image(source)
        steps = iter_measure(labels, image, image)
        while True:
            try:
                done, total = next(steps)
            except StopIteration as end:
                yield Measured(end.value)
                return
            yield Progress("Measuring", done, total)

    def close(self) -> None:
        """Let go of the model and the image."""
        self._model = self._session = self._source = self._settings = None

    def _open(self, settings: Settings, source: ImageSource) -> "Session":
        session = self._opened(settings, source)
        session.encoder.write_later = False
        session.encoder.write()  # of a click that was dropped before it came to that
        return session

    def _opened(self, settings: Settings, source: ImageSource) -> "Session":
        kept = settings.same_session(self._kept)
        if self._session is not None and kept and source.same_view(self._source):
            return self._session
        if self._model is None:
            raise ModelError("no model is loaded: close the dock and open it again")
        from napari_sam.session import Session

        self._session = Session.open(
            volume_of(source),
            model=self._model,
            contrast=contrast_of(source),
            colours=colours_of(source),
            cache_dir=settings.cache_dir,
            cache_budget=settings.cache_budget,
            closer=settings.closer,
        )
        self._source, self._kept, self._warned = source, settings, 0
        return self._session

    def _warnings(self) -> Iterator[Event]:
        new = self._session.warnings[self._warned :] if self._session else []
        self._warned += len(new)
        yield from (Warned(text) for text in new[:1])


def number_objects(masks: Sequence[Mask], numbers: Sequence[int] = ()) -> PlaneObjects:
    """Masks of one plane in one array; where two overlap, the first has the pixel.

    Parameters
    ----------
    masks : sequence of Mask
        At least one, all on one plane.
    numbers : sequence of int
        Their numbers; from 1 on by default.

    Returns
    -------
    PlaneObjects
    """
    y0, x0, y1, x1 = bbox = union(mask.bbox for mask in masks)
    drawn = np.zeros((y1 - y0, x1 - x0), np.uint32)
    found = {}
    for number, mask in zip(numbers or range(1, len(masks) + 1), masks, strict=True):
        there = drawn[place_in(mask.bbox, bbox)]
        there[mask.pixels & (there == 0)] = number
        found[number] = Found(mask.confidence, mask.bbox)
    return PlaneObjects(masks[0].plane, bbox, drawn, bool(numbers), found)
