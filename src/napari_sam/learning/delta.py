"""Delta: a lesson of a model, as differences of its weights in a small file."""

from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from napari_sam.document import parse_document
from napari_sam.errors import LearningError
from napari_sam.model.sam import Sam
from napari_sam.weights.load import weights_hash

FORMAT = "napari-sam delta 1"
"""Value of ``format`` in the metadata of a file."""

LEFT, RIGHT = "@left", "@right"
"""Ends of the names of two factors, whose product is the difference of a weight."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a delta was learned from.

    Parameters
    ----------
    base : str
        :func:`~napari_sam.weights.load.weights_hash` of the model that learned.
    model : str
        Name of that model, for people.
    quick : bool
        Whether the image encoder is as it was, so that its embeddings stay valid.
    objects : int
        Accepted objects that were learned from or judged by.
    weight : float
        Share of the learned differences that is in the delta, 0 to 1: the gate's choice.
    before, after : float
        Mean IoU on the objects that were held back, of the model as it was and with the delta.
    format : str
        Format of the file.
    """

    base: str
    model: str
    quick: bool
    objects: int
    weight: float
    before: float
    after: float
    format: str = FORMAT


@dataclass(frozen=True, slots=True, eq=False)
class Delta:
    """Differences of the weights of a model that learned.

    Made by :func:`~napari_sam.learning.learn.learn`; used by ``Session.use``.

    Parameters
    ----------
    origin : Origin
        Model and objects.
    tensors : mapping of str to ndarray
        Name of a weight to its difference, float16; weights that did not change are left out. Of a
        quick lesson, the difference of a matrix is the product of two, with the ends `LEFT` and
        `RIGHT` to their names.
    """

    origin: Origin
    tensors: Mapping[str, NDArray[np.float16]]

    @property
    def is_empty(self) -> bool:
        """Whether the model stays as it was, because the lesson made nothing better."""
        return not self.tensors

    @property
    def size(self) -> int:
        """Bytes of the differences."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def applied_to(self, model: Sam) -> Sam:
        """A copy of a model with the delta added; the model itself is unchanged.

        Raises
        ------
        LearningError
            If the delta was learned by other weights.
        """
        if weights_hash(model) != self.origin.base:
            raise LearningError(
                f"this was learned by other weights ({self.origin.model}) than those of "
                f"{model.config.name}: choose that model, or learn again"
            )
        if self.origin.quick and any(name.startswith("image_encoder.") for name in self.tensors):
            raise LearningError("what was learned quickly changes the image encoder: learn again")
        learned = deepcopy(model)
        state = learned.state_dict()
        with torch.no_grad():
            for name in {name.removesuffix(LEFT).removesuffix(RIGHT) for name in self.tensors}:
                weight, difference = state.get(name), self._difference(name)
                if weight is None or difference is None or weight.numel() != difference.size:
                    raise LearningError(f"what was learned does not fit the model: {name} differs")
                weight += torch.from_numpy(difference).view_as(weight).to(weight.device)
        learned.load_state_dict(state)  # clears what the model keeps of an image
        return learned

    def _difference(self, name: str) -> NDArray[np.float32] | None:
        """Difference of a weight, of any shape; None if its factors do not fit each other."""
        if name in self.tensors:
            return self.tensors[name].astype(np.float32)
        left, right = self.tensors.get(name + LEFT), self.tensors.get(name + RIGHT)
        if left is None or right is None or left.shape[1:] != right.shape[:1]:
            return None
        return left.astype(np.float32) @ right.astype(np.float32)

    def save(self, path: Path | str) -> None:
        """Write the delta to a safetensors file, in one step.

        Raises
        ------
        LearningError
            If the file cannot be written.
        """
        path = Path(path)
        partial = path.with_name(f".{path.name[:200]}.partial")
        metadata = {name: str(value) for name, value in asdict(self.origin).items()}
        try:
            # safetensors writes the memory of an array that is not contiguous, in another order
            tensors = {name: np.ascontiguousarray(each) for name, each in self.tensors.items()}
            save_file(tensors, partial, metadata)
            partial.replace(path)
        except (OSError, SafetensorError) as error:
            with suppress(OSError):  # a part of the path may be a file
                partial.unlink(missing_ok=True)
            raise LearningError(f"{path} cannot be written ({error}): choose another") from error


def load_delta(path: Path | str) -> Delta:
    """Read a delta from a file; nothing in it is ever run.

    Raises
    ------
    LearningError
        If the file cannot be read, or is not a delta.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise LearningError(f"{path} is not a file of learned weights: choose another")
            origin = parse_document(Origin, metadata, str(path), LearningError, "learn again")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise LearningError(f"{path} cannot be read ({error}): check the path") from error
    if any(
        tensor.dtype != np.float16 or not np.isfinite(tensor).all() for tensor in tensors.values()
    ):
        raise LearningError(f"{path} is damaged: learn again")
    return Delta(origin, tensors)
