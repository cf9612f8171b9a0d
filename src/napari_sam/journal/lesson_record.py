"""LessonRecord: a lesson of a model, as a journal and the dock refer to lessons."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from napari_sam.document import parse_document
from napari_sam.errors import JournalError

_ADVICE = "the lesson of the journal is damaged: learn again"


@dataclass(frozen=True, slots=True)
class LessonRecord:
    """A lesson whose delta is in a file named by its hash, beside the journal.

    Parameters
    ----------
    delta : str
        Hash of the delta; see :func:`napari_sam.learning.keep.keep`.
    base : str
        Hash of the weights that it belongs to.
    model : str
        Name of the model that learned.
    quick : bool
        Whether the image encoder is as it was, so that its embeddings stay valid.
    objects : int
        Accepted objects of the lesson.
    before, after : float
        Mean IoU on objects that were held back, of the model as it was and of the learned one.
    time : str
        Time of the lesson, ISO 8601, UTC.
    """

    delta: str
    base: str
    model: str
    quick: bool
    objects: int
    before: float
    after: float
    time: str

    def __post_init__(self) -> None:
        if not self.delta.isalnum():  # it becomes the name of a file
            raise ValueError("the hash of the delta is no hash")

    def to_json(self) -> dict[str, Any]:
        """Plain values for the journal."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "LessonRecord":
        """Inverse of :meth:`to_json`.

        Raises
        ------
        JournalError
            If a value is missing or of the wrong type.
        """
        return parse_document(cls, values, "lesson", JournalError, _ADVICE)
