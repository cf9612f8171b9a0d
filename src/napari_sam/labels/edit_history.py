"""EditHistory: the steps in which labels were edited, to take them back and to do them again."""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .edit import LabelEdit


class EditStep:
    """Edits that belong together: they are undone at once. Made by :meth:`EditHistory.begin`."""

    def __init__(self) -> None:
        self._edits: list[_Packed] = []

    def add(self, edit: LabelEdit) -> None:
        """An edit that was applied."""
        if not edit.empty:
            self._edits.append(_Packed.of(edit))

    def inverse(self) -> tuple[LabelEdit, ...]:
        """The edits that take the step back, in the order in which to apply them."""
        return tuple(packed.edit().inverse() for packed in reversed(self._edits))


class EditHistory:
    """Steps of edits, done and undone.

    Steps are kept packed: an object that was followed through hundreds of planes takes kilobytes.
    """

    def __init__(self) -> None:
        self._done: list[EditStep] = []
        self._undone: list[EditStep] = []

    def begin(self) -> EditStep:
        """A new step, to which edits are added as they are applied; nothing can be redone now."""
        self._done.append(EditStep())
        self._undone.clear()
        return self._done[-1]

    def undo(self, labels: Any) -> tuple[LabelEdit, ...]:
        """Take the last step back.

        Parameters
        ----------
        labels : array-like
            What was edited; changed in place.

        Returns
        -------
        tuple of LabelEdit
            What changed; empty if there was nothing to take back.
        """
        return _move(self._done, self._undone, labels)

    def redo(self, labels: Any) -> tuple[LabelEdit, ...]:
        """Do the last undone step again; see :meth:`undo`."""
        return _move(self._undone, self._done, labels)


def _move(source: list[EditStep], target: list[EditStep], labels: Any) -> tuple[LabelEdit, ...]:
    edits: tuple[LabelEdit, ...] = ()
    while source and not edits:  # a step that changed nothing is no step for the user
        edits = source.pop().inverse()
    if edits:
        step = EditStep()
        for edit in edits:
            edit.apply(labels)
            step.add(edit)
        target.append(step)
    return edits


@dataclass(frozen=True, slots=True)
class _Packed:
    """A LabelEdit, compressed."""

    plane: tuple[int, ...]
    bbox: tuple[int, int, int, int]
    dtype: str
    mask: bytes
    old: bytes
    new: bytes

    @classmethod
    def of(cls, edit: LabelEdit) -> "_Packed":
        arrays = (np.packbits(edit.mask), edit.old, edit.new)
        packed = (zlib.compress(np.ascontiguousarray(array).tobytes(), 1) for array in arrays)
        return cls(edit.plane, edit.bbox, edit.old.dtype.str, *packed)

    def edit(self) -> LabelEdit:
        y0, x0, y1, x1 = self.bbox
        shape = (y1 - y0, x1 - x0)
        bits = np.frombuffer(zlib.decompress(self.mask), np.uint8)
        mask = np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape).astype(bool)
        return LabelEdit(
            self.plane,
            self.bbox,
            mask,
            self._labels(self.old, shape),
            self._labels(self.new, shape),
        )

    def _labels(self, packed: bytes, shape: tuple[int, int]) -> NDArray[np.integer[Any]]:
        return np.frombuffer(zlib.decompress(packed), self.dtype).reshape(shape)
