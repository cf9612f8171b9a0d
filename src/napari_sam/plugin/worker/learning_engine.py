"""LearningEngine: an engine whose model learns from accepted objects; no Qt, no napari."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.clean import Cleaning
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.settings import Settings
from napari_sam.tiles.bbox import BBox

from .encode_next import encode_next
from .engine import Engine, Events
from .events import Progress, Saved
from .learn import LessonRequest, find_again, learn, score_both
from .read_stroke import StrokeRequest, read_stroke
from .tile_order import Viewport

if TYPE_CHECKING:
    from napari_sam.encoded_image import EncodedImage
    from napari_sam.journal.lesson_record import LessonRecord


class LearningEngine(Engine):
    """Engine with lessons: the model answers with the chosen lesson from then on."""

    @property
    def base(self) -> str:
        """Hash of the weights of the loaded model, before any lesson."""
        return self._origin.weights

    @property
    def is_learned(self) -> bool:
        """Whether the answering model has a lesson."""
        return self._lessons.fitting(self._origin) is not None

    def use(self, lesson: "LessonRecord | None", folder: Path) -> None:
        """Answer from now on with a lesson, if the lesson is of the loaded model.

        Parameters
        ----------
        lesson : LessonRecord or None
            None for the model as it was.
        folder : Path
            Folder with the file of the delta.
        """
        self._lessons.choose(lesson, folder)

    def learn(self, settings: Settings, source: ImageSource, request: LessonRequest) -> Events:
        """Learn from accepted objects; the answering model stays unchanged.

        See :func:`~napari_sam.plugin.worker.learn.learn`.
        """
        yield from self.load(settings)
        yield from learn(self._unlearned(settings, source), request)

    def score(self, settings: Settings, source: ImageSource, accepted: Sequence[Mask]) -> Events:
        """Compare the learned model with the model as it was, by an accepted object."""
        yield from self.load(settings)
        learned = self._open(settings, source).encoder
        yield from score_both(self._unlearned(settings, source).encoder, learned, accepted)

    def find_again(
        self,
        settings: Settings,
        source: ImageSource,
        regions: Mapping[Plane, BBox],
        cleaning: Cleaning,
    ) -> Events:
        """All objects of regions of planes, found by the answering model."""
        yield from self.load(settings)
        yield from find_again(self._open(settings, source), regions, cleaning)
        yield from self._warnings()

    def encode_next(
        self,
        settings: Settings,
        source: ImageSource,
        view: Viewport | None,
        give_up: Callable[[], bool],
    ) -> Events:
        """Encode an image that the user will open next, for the answering model.

        See :func:`~napari_sam.plugin.worker.encode_next.encode_next`.
        """
        yield from self.load(settings)
        if self._model is not None:
            model = self._lessons.encoding(self._model, self._origin)
            yield from encode_next(model, settings, source, view, give_up)

    def read_stroke(
        self, settings: Settings, source: ImageSource, request: StrokeRequest
    ) -> Events:
        """Change of the labels by a stroke; the model is loaded only if it shall divide a label."""
        if not request.by_model:
            yield from read_stroke(request)
            return
        yield from self.load(settings)
        yield from read_stroke(request, self._open(settings, source))
        yield from self._warnings()

    def save_model(self, settings: Settings, name: str) -> Events:
        """Save the answering model under a new name."""
        yield from self.load(settings)
        yield Progress("Saving the model")
        from napari_sam.learning.save_model import save_model

        if self._model is not None:
            yield Saved(save_model(self._lessons.taught(self._model, self._origin), name))

    def _unlearned(self, settings: Settings, source: ImageSource) -> "EncodedImage":
        session = self._open(settings, source)
        return self._lessons.unlearned(session, self._model, settings)
