"""Checkpoint of a model: tensors by name, without the wrappers of training scripts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from napari_sam.errors import ModelError

from .tensor_file import read_tensor_file

_WRAPPERS = ("model_state", "model", "state_dict", "model_state_dict")
"""Keys under which checkpoints keep the model: micro-sam's, SAM 2's, those of training scripts."""
_PREFIXES = ("module.", "_orig_mod.", "sam.")
"""Prefixes of parameter names by DataParallel, torch.compile and micro-sam's trainer."""
_DECODER_PARTS = ("out_conv.", "deconv_out.", "decoder_head.")
"""Prefixes of parameter names that only micro-sam's decoder has."""
_DEPTH = 4
"""Largest number of nested wrappers that are opened."""
_NAMED = 3
"""Largest number of tensors that an error names."""


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """Tensors of a model on the CPU, possibly memory-mapped.

    Parameters
    ----------
    state : dict of Tensor
        Tensors of the model under its authors' names.
    decoder_state : dict of Tensor or None
        Tensors of micro-sam's decoder; None if the checkpoint has no decoder.
    layout : str
        Key of the model in the checkpoint, or ``"plain"`` without a wrapper.
    """

    state: dict[str, Tensor]
    decoder_state: dict[str, Tensor] | None
    layout: str


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read the weights of a model without running code of the file.

    Parameters
    ----------
    path : str or Path
        A PyTorch file of either format, or safetensors. Tensors may stay on disk until their first
        use, so the file may be replaced but not written to meanwhile.

    Returns
    -------
    Checkpoint

    Raises
    ------
    ModelError
        If the file cannot be read safely, is damaged, or holds no model.
    """
    path = Path(path)
    loaded = read_tensor_file(path)[0]
    state, layout = _unwrap(path, loaded)
    if _is_decoder(state):
        raise ModelError(
            f"{path.name} is a decoder of micro-sam and no model: give it with --decoder, beside "
            "the model that it was trained with"
        )
    return Checkpoint(state, _decoder_within(path, loaded), layout)


def read_decoder(path: str | Path) -> dict[str, Tensor]:
    """Read a decoder of micro-sam from a separate file.

    Parameters
    ----------
    path : str or Path
        The file; see :func:`read_checkpoint`.

    Returns
    -------
    dict of Tensor
        Tensors of the decoder by name, without the encoder that some exports repeat.

    Raises
    ------
    ModelError
        If the file cannot be read safely, is damaged, or holds no decoder.
    """
    path = Path(path)
    state, _ = _unwrap(path, read_tensor_file(path)[0])
    if not _is_decoder(state):
        raise ModelError(
            f"{path.name} is no decoder of micro-sam: it holds {_first(state)}; a model is given "
            "without --decoder"
        )
    return {key: tensor for key, tensor in state.items() if not key.startswith("encoder.")}


def explain_mismatch(
    name: str,
    missing: Iterable[str],
    unexpected: Iterable[str],
    wrong_shapes: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]],
) -> str:
    """Message about the differences between a checkpoint and a model.

    Parameters
    ----------
    name : str
        Name of the model.
    missing : iterable of str
        Names that the model needs and the checkpoint lacks.
    unexpected : iterable of str
        Names that the checkpoint has and the model lacks.
    wrong_shapes : mapping of str to two tuples
        Name -> shape in the checkpoint, shape in the model.

    Returns
    -------
    str
        Such as "the weights do not fit vit_b: 2 tensors are missing (a, b)", and what to do.
    """
    shapes = [
        f"{tensor} is {_times(actual)} instead of {_times(needed)}"
        for tensor, (actual, needed) in sorted(wrong_shapes.items())
    ]
    parts = (
        ("missing", sorted(missing)),
        ("not known", sorted(unexpected)),
        ("of another shape", shapes),
    )
    differences = ", ".join(
        f"{len(keys)} {'tensor is' if len(keys) == 1 else 'tensors are'} {fault} ({_first(keys)})"
        for fault, keys in parts
        if keys
    )
    return (
        f"the weights do not fit {name}: {differences}; check that the file is of this model, and "
        "whole"
    )


def _unwrap(path: Path, loaded: object) -> tuple[dict[str, Tensor], str]:
    layout = "plain"
    for _ in range(_DEPTH):
        if not isinstance(loaded, Mapping):
            break
        inner = next((key for key in _WRAPPERS if isinstance(loaded.get(key), Mapping)), None)
        if inner is not None:  # tensors beside the model, of an optimiser, are ignored
            layout, loaded = inner, loaded[inner]
        elif tensors := _named_tensors(loaded):
            return _strip(path, tensors), layout
    raise ModelError(f"{path.name} holds no tensors by name, so it is no checkpoint of a model")


def _named_tensors(loaded: Mapping[object, object]) -> dict[str, Tensor]:
    return {
        key: value
        for key, value in loaded.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }


def _strip(path: Path, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _PREFIXES:
        short = {key.removeprefix(prefix): tensor for key, tensor in tensors.items()}
        if len(short) < len(tensors):
            raise ModelError(f"{path.name} holds two models under the same names")
        tensors = short
    return tensors


def _decoder_within(path: Path, loaded: object) -> dict[str, Tensor] | None:
    inner = loaded.get("decoder_state") if isinstance(loaded, Mapping) else None
    if not isinstance(inner, Mapping):
        return None
    return _strip(path, _named_tensors(inner)) or None


def _is_decoder(state: Mapping[str, Tensor]) -> bool:
    return any(key.startswith(_DECODER_PARTS) for key in state) and not any(
        key.startswith(("image_encoder.", "mask_decoder.")) for key in state
    )


def _first(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a single number"
