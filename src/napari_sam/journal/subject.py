"""Subject: identity of the labelled image, in the first line of a journal."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from napari_sam.document import parse_document
from napari_sam.errors import JournalError

FORMAT = "napari-sam journal 1"
"""Value of ``format`` in the first line of a journal."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Identity of the labelled image, in the first line of a journal.

    Made by the napari plugin from a layer.

    Parameters
    ----------
    name : str
        Name of the image's layer, for people.
    path : str
        Path of the image's file; empty for an image without a file.
    axes : str
        One letter of TZYX for each dimension of the labels.
    shape : tuple of int
        Shape of the labels.
    sample : str
        Hash of some pixels of the image.
    """

    name: str
    path: str
    axes: str
    shape: tuple[int, ...]
    sample: str

    @property
    def identity(self) -> tuple[str, tuple[int, ...], str]:
        """Axes, shape and sample: equal for an image that was moved or renamed."""
        return self.axes, self.shape, self.sample

    def to_line(self) -> str:
        """Format the first line of a journal, with a line break at the end."""
        return json.dumps({"format": FORMAT, **asdict(self)}) + "\n"

    @classmethod
    def from_record(cls, record: Mapping[str, Any], file: str) -> "Subject":
        """Make the identity from the JSON object that :meth:`to_line` wrote.

        Raises
        ------
        JournalError
            If a field is missing or damaged; the message names `file` and the field.
        """
        advice = "the first line of the journal is damaged"
        subject = parse_document(cls, record, file, JournalError, advice)
        if len(subject.shape) < 2 or min(subject.shape) < 1:
            raise JournalError(f"{file}: shape: {subject.shape} is no shape of labels: {advice}")
        return subject
