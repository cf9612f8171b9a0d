"""Weights: which models there are, and how they come from and go to a file."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from napari_sam.errors import ModelError

from .config import ModelConfig
from .sam import Sam

_CONFIG_KEY = "napari_sam.config"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a user should know before choosing a model.

    Parameters
    ----------
    name : str
        Name to load it by.
    family : str
        Architecture.
    licence : str
        Licence of the weights.
    description : str
        One line: what it is good for.
    file : str
        Weights file in the package.
    """

    name: str
    family: str
    licence: str
    description: str
    file: str


MODELS = {
    card.name: card
    for card in (
        ModelCard(
            "cells-tiny",
            "napari-sam",
            "BSD-3-Clause; trained on CC0, MIT and CC BY 3.0 images",
            "Nuclei, cells, axons and neurites; ships with napari-sam, made for the CPU.",
            "cells-tiny.safetensors",
        ),
    )
}


def load_model(name: str | Path, device: str | torch.device = "cpu") -> Sam:
    """Load a model for inference.

    Parameters
    ----------
    name : str or Path
        A name from :data:`MODELS`, or a ``.safetensors`` file written by :func:`save_weights`.
    device : str or torch.device
        Where the model shall run.

    Returns
    -------
    Sam
        In evaluation mode, float32.

    Raises
    ------
    ModelError
        If there is no such model, or the file is not a whole weights file.
    """
    if str(name) in MODELS:
        with as_file(files("napari_sam.model") / MODELS[str(name)].file) as path:
            return _read(path).to(device)
    path = Path(name)
    if not path.is_file():
        known = ", ".join(MODELS)
        raise ModelError(f"no model {str(name)!r}: choose one of {known}, or a .safetensors file")
    return _read(path).to(device)


def _read(path: Path) -> Sam:
    try:
        with safe_open(path, framework="pt") as file:
            config = ModelConfig.from_dict(json.loads((file.metadata() or {})[_CONFIG_KEY]))
            state = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        model = Sam(config)
        model.load_state_dict(state)
    except FileNotFoundError:
        raise ModelError(f"{path.name} is missing: install napari-sam again") from None
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ModelError(
            f"{path.name} is damaged or not a napari-sam weights file: "
            "download it again, or choose another model"
        ) from error
    return model.eval()


def save_weights(model: Sam, path: str | Path, dtype: torch.dtype = torch.float16) -> None:
    """Write the weights and the configuration to one safetensors file.

    Parameters
    ----------
    model : Sam
        The model.
    path : str or Path
        Where to; replaced in one step.
    dtype : torch.dtype
        Stored precision of the parameters; half the file at fp16. Buffers (the frequencies of the
        positional encoding) stay float32: rounded, they would move the prompts.
    """
    path = Path(path)
    parameters = {name for name, _ in model.named_parameters()}
    state = {
        key: value.detach().cpu().to(dtype if key in parameters else value.dtype).contiguous()
        for key, value in model.state_dict().items()
    }
    partial = path.with_name(f".{path.name}.partial")
    save_file(state, partial, metadata={_CONFIG_KEY: json.dumps(model.config.to_dict())})
    partial.replace(path)


def weights_hash(model: Sam) -> str:
    """Fingerprint of a model: its configuration and every weight.

    Parameters
    ----------
    model : Sam
        The model, on any device.

    Returns
    -------
    str
        32 hexadecimal digits; equal models have equal hashes.
    """
    digest = hashlib.blake2b(json.dumps(model.config.to_dict()).encode(), digest_size=16)
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


@cache
def best_device() -> str:
    """The fastest device that torch sees here: ``cuda``, ``mps`` or ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
