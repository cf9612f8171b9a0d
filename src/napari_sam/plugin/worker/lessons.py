"""Lessons: deltas applied to the sessions of the engine; no Qt, no napari."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.errors import LearningError
from napari_sam.journal.entry import Origin
from napari_sam.plugin.settings import Settings

if TYPE_CHECKING:
    from napari_sam.encoded_image import EncodedImage
    from napari_sam.journal.lesson_record import LessonRecord
    from napari_sam.learning.delta import Delta
    from napari_sam.model.sam import Sam
    from napari_sam.session import Session


class Lessons:
    """The chosen lesson, the session with its delta, and the image without.

    The GUI thread chooses a lesson; everything else runs in the worker.
    """

    def __init__(self) -> None:
        self._chosen: tuple[LessonRecord | None, Path] = None, Path()
        self._applied: tuple[Session, str] | None = None
        self._unlearned: EncodedImage | None = None

    def choose(self, lesson: "LessonRecord | None", folder: Path) -> None:
        """Choose a lesson, or the model as it was; applied when a session is next opened."""
        self._chosen = lesson, folder

    def fitting(self, origin: Origin) -> "LessonRecord | None":
        """The chosen lesson, if its base is the weights of `origin`; otherwise None."""
        lesson, _ = self._chosen
        return lesson if lesson is not None and lesson.base == origin.weights else None

    def named(self, origin: Origin) -> Origin:
        """Origin of answers, with the delta of the lesson that fits."""
        lesson = self.fitting(origin)
        return origin if lesson is None else origin.learned(lesson.delta)

    def is_applied(self, session: "Session", origin: Origin) -> bool:
        """Whether a session has the model that the user chose last."""
        return self._applied == (session, self.named(origin).weights) or (
            self._applied is None and self.fitting(origin) is None
        )

    def apply(self, session: "Session", origin: Origin) -> None:
        """Let a session answer by the lesson that fits, if any.

        Raises
        ------
        LearningError
            If the file of the delta is damaged or gone; the session answers by the model as it was.
        """
        weights = self.named(origin).weights
        if self.is_applied(session, origin):
            return
        lesson, (_, folder) = self.fitting(origin), self._chosen
        if lesson is None:
            session.use(None)
        else:
            session.use(self._delta(lesson, folder))
        self._applied = session, weights

    def _delta(self, lesson: "LessonRecord", folder: Path) -> "Delta":
        from napari_sam.learning.keep import read_delta

        try:
            return read_delta(folder, lesson.delta)
        except LearningError:
            self.choose(None, folder)  # or every click would fail
            raise

    def taught(self, model: "Sam", origin: Origin) -> "Sam":
        """A copy of a model with the fitting lesson; without a lesson, the model itself."""
        lesson, (_, folder) = self.fitting(origin), self._chosen
        return model if lesson is None else self._delta(lesson, folder).applied_to(model)

    def encoding(self, model: "Sam", origin: Origin) -> "Sam":
        """A model with the image encoder of the fitting lesson; a quick lesson changes none."""
        lesson = self.fitting(origin)
        return model if lesson is None or lesson.quick else self.taught(model, origin)

    def unlearned(
        self, session: "Session", model: "Sam | None", settings: Settings
    ) -> "EncodedImage":
        """The image of a session under the model without a lesson, and its embeddings."""
        if model is None or session.model is model:
            return session
        from napari_sam.encoded_image import EncodedImage

        old = self._unlearned
        same = old is not None and old.volume is session.volume and old.model is model
        if old is None or not same:
            old = self._unlearned = EncodedImage(
                session.volume,
                model,
                session.mapping,
                settings.cache_dir,
                cache_budget=settings.cache_budget,
                closer=settings.closer,
            )
        return old
