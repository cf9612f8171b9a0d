"""ClassifyObjects: classes by example in the worker, with features kept between calls; no Qt."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from napari_sam.labels.label_array import LabelArray

from .events import ClassesPredicted, Event, Progress

if TYPE_CHECKING:
    from napari_sam.classify.features import FeatureStore
    from napari_sam.session import Session


class ClassifyObjects:
    """Predicts classes; keeps the features of the last session's objects for the next time."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._store: FeatureStore | None = None

    def run(
        self, session: "Session", labels: LabelArray, examples: Mapping[int, str]
    ) -> Iterator[Event]:
        """Predict the classes of all objects; see :func:`napari_sam.classify.classify.classify`.

        Parameters
        ----------
        session : Session
            Of the image.
        labels : array-like
            Of the image, without channels.
        examples : mapping of int to str
            Label to the name of its class; labels without a pixel are left out.
        """
        from napari_sam.classify.classify import classify
        from napari_sam.classify.features import FeatureStore

        if session is not self._session or self._store is None:
            self._session, self._store = session, FeatureStore()
        for step in classify(session.encoder, labels, examples, self._store, only_present=True):
            yield Progress("Classifying", step.done, step.total)
            if step.predictions is not None:
                yield ClassesPredicted(step.predictions)

    def forget(self) -> None:
        """Release the session and the features."""
        self._session = self._store = None
