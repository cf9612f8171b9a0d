"""Subject: identity of the labelled image, in the first line of a journal."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from napari_sam.document import parse_document
from napari_sam.errors import JournalError
from napari_sam.file_names import printable

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
        """Axes, shape and sample: equal after an image was moved or renamed."""
        return self.axes, self.shape, self.sample

    def to_line(self) -> str:
        """Format the first line of a journal, with a line break at the end."""
        return json.dumps({"format": FORMAT, **asdict(self)}) + "\n"

    @classmethod
    def from_record(cls, record: Mapping[str, Any], file: str) -> "Subject":
        """Make the identity from the JSON object of :meth:`to_line`.

        Raises
        ------
        JournalError
            If a field is missing or damaged; the message names `file` and the field.
        """
        advice = "the first line of the journal is damaged"
        # a name of any bytes is no Unicode, which records consist of
        texts = {key: printable(v) if isinstance(v, str) else v for key, v in record.items()}
        subject = parse_document(cls, texts, file, JournalError, advice)
        subject = replace(subject, name=record["name"], path=record["path"])
        if len(subject.shape) < 2 or min(subject.shape) < 1:
            raise JournalError(f"{file}: shape: {subject.shape} is no shape of labels: {advice}")
        return subject
