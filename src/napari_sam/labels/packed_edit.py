"""PackedEdit: a LabelEdit compressed with zlib, for the history and the journal."""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.document import parse_document
from napari_sam.errors import LabelError, reason
from napari_sam.image.volume import Plane

from .edit import LabelEdit

_LARGEST = 1 << 34
"""Bytes of unpacked labels above which a record counts as damaged."""

_PIECE = 1 << 24
"""Bytes of labels that :meth:`PackedEdit.check` unpacks at a time."""

_LARGEST_LABEL = np.iinfo(np.uint32).max


def pack_bits(pixels: NDArray[np.bool_]) -> bytes:
    """Compress an array of bool."""
    return zlib.compress(np.packbits(pixels).tobytes(), 1)


def unpack_bits(packed: bytes, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Restore the array compressed by :func:`pack_bits`, ``(h, w)`` bool."""
    area = shape[0] * shape[1]
    bits = np.frombuffer(b"".join(_unpacked(packed, -(-area // 8))), np.uint8)
    return np.unpackbits(bits, count=area).reshape(shape).astype(bool)


def _unpacked(packed: bytes, size: int) -> Iterator[bytes]:
    """Decompress exactly `size` bytes, piece by piece, and never more than one byte beyond.

    Raises
    ------
    LabelError
        If the content is damaged, shorter or longer.
    """
    unpacker, left = zlib.decompressobj(), size
    try:
        while not unpacker.eof and left >= 0:
            piece = unpacker.decompress(packed, min(_PIECE, left + 1))
            if not piece and not unpacker.eof:
                break
            left -= len(piece)
            packed = unpacker.unconsumed_tail
            yield piece
    except zlib.error as error:
        raise LabelError(f"the pixels of a record are damaged: {error}") from error
    if left or not unpacker.eof:
        raise LabelError("the pixels of a record are damaged: they do not fill its box")


@dataclass(frozen=True, slots=True)
class _Record:
    """Types of the fields of a packed edit in JSON."""

    plane: tuple[int, ...]
    bbox: tuple[int, int, int, int]
    dtype: str
    mask: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class PackedEdit:
    """A :class:`~napari_sam.labels.edit.LabelEdit`, compressed; made by :meth:`of`."""

    plane: Plane
    bbox: tuple[int, int, int, int]
    dtype: str
    mask: bytes
    old: bytes
    new: bytes

    @classmethod
    def of(cls, edit: LabelEdit) -> "PackedEdit":
        """Compress an edit."""
        labels = (zlib.compress(np.ascontiguousarray(a).tobytes(), 1) for a in (edit.old, edit.new))
        return cls(edit.plane, edit.bbox, edit.old.dtype.str, pack_bits(edit.mask), *labels)

    def edit(self) -> LabelEdit:
        """Decompress the edit."""
        y0, x0, y1, x1 = self.bbox
        shape = (y1 - y0, x1 - x0)
        mask = unpack_bits(self.mask, shape)
        old, new = (self._labels(packed, shape) for packed in (self.old, self.new))
        return LabelEdit(self.plane, self.bbox, mask, old, new)

    def to_json(self) -> dict[str, Any]:
        """The packed edit as JSON values, bytes in base64, for the journal."""
        packed = {"mask": self.mask, "old": self.old, "new": self.new}
        text = {name: base64.b64encode(value).decode("ascii") for name, value in packed.items()}
        return {"plane": self.plane, "bbox": self.bbox, "dtype": self.dtype, **text}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "PackedEdit":
        """The packed edit from the values of :meth:`to_json`.

        Raises
        ------
        LabelError
            If the record is damaged.
        """
        fields = parse_document(_Record, record, "edit", LabelError)
        try:
            dtype = np.dtype(fields.dtype)
            texts = (fields.mask, fields.old, fields.new)
            packed = [base64.b64decode(text, validate=True) for text in texts]
        except (TypeError, ValueError, SyntaxError) as error:  # numpy parses names of types
            raise LabelError(f"a record of pixels is damaged: {reason(error)}") from error
        y0, x0, y1, x1 = fields.bbox
        size = (y1 - y0) * (x1 - x0) * dtype.itemsize
        if dtype.kind not in "ui" or not (y0 <= y1 and x0 <= x1) or not size <= _LARGEST:
            raise LabelError("a record of pixels is damaged: it describes no labels")
        return cls(fields.plane, fields.bbox, dtype.str, *packed)

    def check(self, shape: Sequence[int]) -> None:
        """Check that the edit fits into labels of a shape; memory stays below 20 MB.

        Parameters
        ----------
        shape : sequence of int
            ``(*planes, Y, X)`` of the labels.

        Raises
        ------
        LabelError
            If plane or box lie outside, the pixels are damaged, or a label is below 0 or beyond
            uint32.
        """
        *planes, height, width = shape
        y0, x0, y1, x1 = self.bbox
        inside = 0 <= y0 <= y1 <= height and 0 <= x0 <= x1 <= width
        if len(self.plane) != len(planes) or not inside:
            raise LabelError(f"plane {self.plane}, box {self.bbox} lie outside of the labels")
        if not all(0 <= i < n for i, n in zip(self.plane, planes, strict=True)):
            raise LabelError(f"plane {self.plane} lies outside of the labels")
        area = (y1 - y0) * (x1 - x0)
        for _ in _unpacked(self.mask, -(-area // 8)):
            pass
        for packed in (self.old, self.new):
            self._check_labels(packed, area)

    def _check_labels(self, packed: bytes, area: int) -> None:
        dtype, rest = np.dtype(self.dtype), b""
        for piece in _unpacked(packed, area * dtype.itemsize):
            rest += piece
            cut = len(rest) - len(rest) % dtype.itemsize
            labels, rest = np.frombuffer(rest[:cut], dtype), rest[cut:]
            if labels.size and not 0 <= labels.min() <= labels.max() <= _LARGEST_LABEL:
                raise LabelError("a record of pixels is damaged: it has a label that cannot be")

    def _labels(self, packed: bytes, shape: tuple[int, int]) -> NDArray[np.integer[Any]]:
        dtype = np.dtype(self.dtype)
        content = b"".join(_unpacked(packed, shape[0] * shape[1] * dtype.itemsize))
        return np.frombuffer(content, dtype).reshape(shape)
