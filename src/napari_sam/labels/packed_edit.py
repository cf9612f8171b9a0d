"""PackedEdit: a LabelEdit compressed with zlib, for the history and the journal."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError
from napari_sam.image.volume import Plane

from .edit import LabelEdit

_LARGEST = 1 << 34  # bytes of unpacked labels, above which a record counts as damaged


def pack_bits(pixels: NDArray[np.bool_]) -> bytes:
    """Compress an array of bool."""
    return zlib.compress(np.packbits(pixels).tobytes(), 1)


def unpack_bits(packed: bytes, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Restore the array compressed by :func:`pack_bits`, ``(h, w)`` bool."""
    bits = np.frombuffer(zlib.decompress(packed), np.uint8)
    return np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape).astype(bool)


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
        try:
            plane = tuple(int(v) for v in record["plane"])
            y0, x0, y1, x1 = (int(v) for v in record["bbox"])
            dtype = np.dtype(str(record["dtype"]))
            texts = (record[name] for name in ("mask", "old", "new"))
            packed = [base64.b64decode(text, validate=True) for text in texts]
        except (KeyError, TypeError, ValueError) as error:
            raise LabelError(f"a record of the journal is damaged: {error}") from error
        size = (y1 - y0) * (x1 - x0) * dtype.itemsize
        if dtype.kind not in "ui" or not (y0 <= y1 and x0 <= x1) or not size <= _LARGEST:
            raise LabelError("a record of the journal is damaged: it describes no labels")
        return cls(plane, (y0, x0, y1, x1), dtype.str, *packed)

    def _labels(self, packed: bytes, shape: tuple[int, int]) -> NDArray[np.integer[Any]]:
        return np.frombuffer(zlib.decompress(packed), self.dtype).reshape(shape)
