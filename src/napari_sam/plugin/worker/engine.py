"""Engine: model and Session, for the worker thread alone; no Qt, no napari."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from napari_sam.errors import LabelError, ModelError, NapariSamError
from napari_sam.image.volume import Plane
from napari_sam.journal.entry import Origin
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.tracks import tracks_of
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.clean import AS_IT_IS, Cleaning
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.image.session_input import whole_image
from napari_sam.plugin.settings import Settings
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile

from .classify_objects import ClassifyObjects
from .compare_labels import compare_labels
from .encode_ahead import AheadRequest, encode_ahead, ready
from .events import (
    Answer,
    Event,
    Followed,
    Glimpse,
    Measured,
    ModelReady,
    PlaneQuestions,
    Progress,
    Question,
    Ready,
    Tracked,
    Warned,
)
from .find_more import AlikeRequest, find_more
from .lessons import Lessons
from .number_objects import number_objects
from .open_session import open_session
from .prepare import prepare

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam
    from napari_sam.session import Session

Events = Generator[Event, None, None]


# torch, the session and all that they bring are imported inside the functions: they take seconds,
# and this module is imported by the GUI thread.


class Engine:
    """Model and Session, kept between jobs.

    Every method is a generator of events, which the worker thread runs; one at a time.

    Attributes
    ----------
    can_learn : bool
        Whether the loaded model can learn from accepted objects.
    """

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._model: Sam | None = None
        self._source: ImageSource | None = None
        self._session_settings: Settings | None = None
        self._session: Session | None = None
        self._warned = 0
        self._last_questions: PlaneQuestions = {}
        self._classify = ClassifyObjects()
        self._origin = Origin()
        self.can_learn = False
        self._lessons = Lessons()

    @property
    def origin(self) -> Origin:
        """Name and hash of the model that answers, for the journal."""
        return self._lessons.named(self._origin)

    def load(self, settings: Settings) -> Events:
        """Load the model, unless loaded already; missing weights are downloaded first."""
        if self._model is not None and settings.same_model(self._settings):
            return
        from napari_sam.weights.load import weights_hash

        for event in prepare(settings):
            if isinstance(event, ModelReady):
                self._model, self._settings, self._session = event.model, settings, None
                self._origin = Origin((), event.name, weights_hash(event.model))
                self.can_learn = event.model.config.proposals
            yield event

    def predict(self, settings: Settings, source: ImageSource, questions: PlaneQuestions) -> Events:
        """Masks of objects, plane by plane; all objects of a plane share passes of the decoder."""
        # Set before this job runs: encoding ahead, if running, asks whether the click needs a tile.
        self._last_questions = questions
        return self._predict(settings, source, questions)

    def _predict(
        self, settings: Settings, source: ImageSource, questions: PlaneQuestions
    ) -> Events:
        yield from self.load(settings)
        session = self._open(settings, source)
        for plane, by_number in questions.items():
            objects = {number: tuple(q.prompts) for number, q in by_number.items()}
            sizes = {number: q.size for number, q in by_number.items()}
            session.interactive.write_later = True
            for done, tile in enumerate(session.interactive.encode_for(objects), start=1):
                yield Progress("Looking at the image", done)
                yield ready(session, source, [tile])
            for number, mask in session.predict_objects(objects, sizes).items():
                yield Answer(plane, by_number[number].key, mask, number)
            session.interactive.write_later = False
        yield from self._warnings()

    def glimpse(self, source: ImageSource, question: Question) -> Events:
        """Predict a mask if all embeddings are in memory; otherwise give no event."""
        session = self._session
        if session is None or not source.same_view(self._source):
            return
        if not self._lessons.is_applied(session, self._origin):
            return
        masks = session.interactive.glimpse({1: tuple(question.prompts)}, {1: question.size})
        if masks is not None:
            yield Glimpse(masks[1])

    def follow(
        self,
        settings: Settings,
        source: ImageSource,
        seeds: Sequence[Mask],
        axis: str | None,
        within: tuple[int, int] | None,
    ) -> Events:
        """Follow an object from known planes to others.

        Parameters
        ----------
        settings : Settings
            Which model.
        source : ImageSource
            The image.
        seeds : sequence of Mask
            The object on planes that the user has seen; at least one.
        axis : str or None
            Letter of the axis to follow it along.
        within : (int, int) or None
            First and last plane along `axis`; None for all.
        """
        yield from self.load(settings)
        session = self._open(settings, source)
        yield Progress("Following")
        steps = session.propagate({1: seeds}, axis, within=within, commit=False)
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
        """All objects of `planes` (None for all), or of the region `within`, tile by tile."""
        yield from self.load(settings)
        session = self._open(settings, source)
        yield Progress("Segmenting", 0, len(session.tiles(planes, within)))
        for step in session.segment_everything(planes, commit=False, within=within):
            yield Progress("Segmenting", step.done, step.total)
            yield ready(session, source, [step.tile])
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
        """Find all objects of the stack, with the same number on all planes."""
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

    def alike(self, settings: Settings, source: ImageSource, request: AlikeRequest) -> Events:
        """More objects like a few labels, tile by tile."""
        yield from self.load(settings)
        yield from find_more(self._open(settings, source), source, request)
        yield from self._warnings()

    def ahead(self, settings: Settings, source: ImageSource, request: AheadRequest) -> Events:
        """Encode tiles before anybody clicks: a few around the view, or all.

        Errors are reported for all tiles only. Around the view, a click on the tile meets the same
        error and reports it.
        """
        steps = self._ahead(settings, source, request)
        if request.everything:
            yield from steps
            return
        with suppress(NapariSamError):
            yield from (event for event in steps if isinstance(event, Ready))

    def _ahead(
        self, settings: Settings, source: ImageSource, request: AheadRequest
    ) -> Iterator[Event]:
        from napari_sam.masks.prompted.home_tiles import home_tiles

        yield from self.load(settings)
        session = self._open(settings, source)

        def needed(tile: Tile) -> bool:
            questions = self._last_questions.get(tile.plane, {}).values()
            return any(tile in home_tiles(session.grid, tuple(q.prompts)) for q in questions)

        still_open = lambda: self._session is session  # noqa: E731
        yield from encode_ahead(session, source, request, still_open, needed)
        if still_open():
            yield from self._warnings()

    def tracks(self, labels: LabelArray, axes: str, parents: Mapping[int, int]) -> Events:
        """The ways of all labels through time.

        Parameters
        ----------
        labels : array-like
            Integers, without channels.
        axes : str
            Letters of their axes; time must come first, as napari's Tracks layer needs it.
        parents : mapping of int to int
            Label of a daughter to the label of its mother.

        Raises
        ------
        LabelError
            If time is not the first axis.
        """
        yield Progress("Tracking")
        if axes[:1] != "T":
            raise LabelError("tracks need time as the first axis: transpose the image")
        yield Tracked(tracks_of(labels, axes, parents))

    def measure(self, labels: LabelArray, source: ImageSource, texture: bool = False) -> Events:
        """Size, place, shape and brightness of all labels, and their `texture` on request."""
        from napari_sam.measure.measure import iter_measure
        from napari_sam.measure.texture import Texture

        image, levels = whole_image(source), Texture() if texture else None
        steps = iter_measure(labels, image.calibration, image, texture=levels)
        while True:
            try:
                done, total = next(steps)
            except StopIteration as end:
                yield Measured(end.value)
                return
            yield Progress("Measuring", done, total)

    def compare(self, settings: Settings, source: ImageSource, labels: LabelArray) -> Events:
        """Ask the model for each of the labels that it did not make.

        Parameters
        ----------
        settings : Settings
            Which model.
        source : ImageSource
            The image.
        labels : array-like
            ``source.label_shape`` integers; they may change meanwhile.
        """
        yield from compare_labels(
            labels, lambda: self.load(settings), lambda: self._open(settings, source)
        )

    def classify(
        self,
        settings: Settings,
        source: ImageSource,
        labels: LabelArray,
        examples: Mapping[int, str],
    ) -> Events:
        """Classes of all labels, predicted from `examples`: label to the name of its class."""
        yield from self.load(settings)
        session = self._open(settings, source)
        yield from self._classify.run(session, labels, examples)
        yield from self._warnings()

    def close(self) -> None:
        """Release the model and the image."""
        self._classify.forget()
        self._model = self._session = self._source = self._settings = None
        self._lessons = Lessons()

    def _open(self, settings: Settings, source: ImageSource) -> "Session":
        session = self._opened(settings, source)
        self._lessons.apply(session, self._origin)
        session.interactive.write_later = False  # also after a click whose job was dropped
        return session

    def _opened(self, settings: Settings, source: ImageSource) -> "Session":
        same_settings = settings.same_session(self._session_settings)
        if self._session is not None and same_settings and source.same_view(self._source):
            return self._session
        if self._model is None:
            raise ModelError("no model is loaded: close the dock and open it again")
        self._session = open_session(self._model, settings, source)
        self._source, self._session_settings, self._warned = source, settings, 0
        return self._session

    def _warnings(self) -> Iterator[Event]:
        new = self._session.warnings[self._warned :] if self._session else []
        self._warned += len(new)
        yield from (Warned(text) for text in new[:1])
