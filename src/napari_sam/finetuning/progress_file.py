"""ProgressFile: state of an unfinished fine-tuning, in a safetensors file."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from napari_sam.document import parse_document
from napari_sam.errors import LearningError

FORMAT = "napari-sam fine-tuning 1"
"""Value of ``format`` in the metadata of a file."""

_MOMENTS = ("exp_avg", "exp_avg_sq")
"""Names of AdamW for its running means of gradients and of their squares."""


@dataclass(frozen=True, slots=True)
class Header:
    """Metadata of a file.

    Parameters
    ----------
    key : str
        Hash of the model, the images and the schedule: only the same fine-tuning is taken up again.
    seconds : float
        Seconds of learning so far.
    format : str
        Format of the file.
    """

    key: str
    seconds: float
    format: str = FORMAT


class ProgressFile:
    """File with the weights, the state of the optimiser, and the losses so far.

    Parameters
    ----------
    path : Path
        The file; may not exist. It is replaced in one step.
    key : str
        See :class:`Header`.
    replaces : bool
        Whether the progress of another fine-tuning may be replaced.
    """

    def __init__(self, path: Path, key: str, replaces: bool = False) -> None:
        self.path, self.key, self.replaces = path, key, replaces

    def read(self) -> tuple[dict[str, Tensor], float] | None:
        """Tensors and seconds so far; None without a file.

        Raises
        ------
        LearningError
            If the file is of another fine-tuning. A damaged file counts as missing.
        """
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata() or {}
                if metadata.get("format") != FORMAT:
                    return None
                header = parse_document(Header, metadata, str(self.path), LearningError)
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, LearningError):
            return None
        if header.key != self.key:
            if self.replaces:
                return None
            raise LearningError(
                "a training under this name was stopped, of other images, labels, options or "
                "another model: finish it by its own command, or begin anew with --overwrite"
            )
        return tensors, header.seconds

    def make_folder(self) -> None:
        """Make the folder of the file, before the work starts.

        Raises
        ------
        LearningError
            If it cannot be made.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, tensors: Mapping[str, Tensor], seconds: float) -> None:
        """Replace the file.

        Raises
        ------
        LearningError
            If it cannot be written.
        """
        partial = self.path.with_name(f".{self.path.name}.partial")
        metadata = {k: str(v) for k, v in asdict(Header(self.key, seconds)).items()}
        try:
            on_cpu = {name: each.detach().cpu().contiguous() for name, each in tensors.items()}
            save_file(on_cpu, partial, metadata)
            partial.replace(self.path)
        except (OSError, SafetensorError) as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise self._unwritable(error) from error

    def _unwritable(self, error: Exception) -> LearningError:
        return LearningError(
            f"{self.path} cannot be written ({error}): free space there, or choose another folder "
            "for weights (NAPARI_SAM_MODELS)"
        )


def to_tensors(learner: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Learning weights, each with its state of AdamW."""
    tensors: dict[str, Tensor] = {}
    for name, parameter in _trained(learner):
        tensors[f"weight.{name}"] = parameter
        for kind, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{kind}.{name}"] = value
    return tensors


def fits(tensors: Mapping[str, Tensor], learner: torch.nn.Module) -> bool:
    """Whether tensors of a file hold every learning weight in its shape."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    return "losses" in shapes and all(
        shapes.get(f"weight.{name}") == tuple(parameter.shape)
        and all(
            shapes.get(f"{kind}.{name}", tuple(parameter.shape)) == tuple(parameter.shape)
            for kind in _MOMENTS
        )
        for name, parameter in _trained(learner)
    )


def restore(
    tensors: Mapping[str, Tensor], learner: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Inverse of :func:`to_tensors`."""
    with torch.no_grad():
        for name, parameter in _trained(learner):
            parameter.copy_(tensors[f"weight.{name}"])
            state = {
                kind: tensors[f"{kind}.{name}"].to("cpu" if kind == "step" else parameter.device)
                for kind in ("step", *_MOMENTS)
                if f"{kind}.{name}" in tensors
            }
            if state:
                optimizer.state[parameter] = state


def _trained(learner: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    return [(name, p) for name, p in learner.named_parameters() if p.requires_grad]
