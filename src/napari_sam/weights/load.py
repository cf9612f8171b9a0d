"""Weights: a name or a file to a model that answers, and a model to a file."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from napari_sam.errors import ModelError
from napari_sam.model.answer_policy import AnswerPolicy
from napari_sam.model.config import ModelConfig
from napari_sam.model.sam import Sam

from .catalogue import find_card
from .download import DownloadStep, download_model
from .families import reference_policy
from .header import from_header, to_header
from .read_checkpoint import explain_mismatch, read_checkpoint, read_decoder
from .recognise import recognise, translate
from .store import ModelStore
from .tensor_file import CONFIG_KEY, read_tensor_file, saved_config

State = Mapping[str, Tensor]


def load_model(name: str | Path, device: str | torch.device = "cpu") -> Sam:
    """Load a model for inference; weights that are not on this machine yet are downloaded.

    Parameters
    ----------
    name : str or Path
        A name that ``napari-sam models`` lists, or a file of weights: written by
        :func:`save_weights`, or in the layout of SAM, SAM 2, MobileSAM, EfficientTAM or micro-sam.
    device : str or torch.device
        Where the model shall run.

    Returns
    -------
    Sam
        In evaluation mode, float32.

    Raises
    ------
    ModelError
        If there is no such model, it cannot be downloaded, or the file cannot be used.
    """
    path = Path(name)
    if path.is_file():
        return read_model(path, None, path.stem).to(device)
    for _ in fetch_model(str(name)):
        pass
    stored = ModelStore().get(str(name))
    return read_model(stored.weights, stored.decoder, stored.name).to(device)


def fetch_model(name: str) -> Iterator[DownloadStep]:
    """Download what a model lacks on this machine.

    Parameters
    ----------
    name : str
        As for :func:`load_model`.

    Yields
    ------
    DownloadStep
        Nothing for models that are here, and for files.
    """
    card = find_card(name)
    if card is not None and not card.in_package and not Path(name).is_file():
        yield from download_model(card)


def read_model(path: Path, decoder: Path | None, name: str) -> Sam:
    """Read a model from its files, on the CPU.

    Parameters
    ----------
    path : Path
        The weights.
    decoder : Path or None
        micro-sam's decoder, where that is a file of its own.
    name : str
        What a model of a public family shall be called.

    Returns
    -------
    Sam
        In evaluation mode, float32.

    Raises
    ------
    ModelError
        If a file cannot be used.
    """
    try:
        saved = saved_config(path)
        described = None if saved is None else from_header(saved)
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"{path.name} is of another version of napari-sam ({error}): download it again, or "
            "choose another model"
        ) from error
    if described is not None:
        state: dict[str, Tensor] = read_tensor_file(path)[0]  # type: ignore[assignment]
        return build(*described, state)
    checkpoint = read_checkpoint(path)
    own = checkpoint.decoder_state if decoder is None else read_decoder(decoder)
    config = recognise(checkpoint.state, own, name)
    return build(config, reference_policy(config), translate(config, checkpoint.state, own))


def build(config: ModelConfig, policy: AnswerPolicy, state: State) -> Sam:
    """A model from its architecture, its policy and its weights.

    Parameters
    ----------
    config : ModelConfig
        The architecture.
    policy : AnswerPolicy
        How its answers are chosen.
    state : mapping of str to Tensor
        Every weight, under our names; any floating type.

    Returns
    -------
    Sam
        In evaluation mode, float32, on the CPU.

    Raises
    ------
    ModelError
        If weights are missing, of another shape, or not known.
    """
    with torch.device("meta"):  # weights that are replaced at once need not be drawn
        model = Sam(config, policy)
    expected = model.state_dict()
    shapes = {
        key: (tuple(state[key].shape), tuple(tensor.shape))
        for key, tensor in expected.items()
        if key in state and state[key].shape != tensor.shape
    }
    missing, surplus = expected.keys() - state.keys(), state.keys() - expected.keys()
    if missing or surplus or shapes:
        raise ModelError(explain_mismatch(config.name, missing, surplus, shapes))
    given = {
        key: tensor.float() if tensor.is_floating_point() else tensor
        for key, tensor in state.items()
    }
    model.load_state_dict(given, assign=True)
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
    save_file(state, partial, metadata={CONFIG_KEY: _header_text(model)})
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
    digest = hashlib.blake2b(_header_text(model).encode(), digest_size=16)
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _header_text(model: Sam) -> str:
    return json.dumps(to_header(model.config, model.policy))


@cache
def best_device() -> str:
    """The fastest device that torch sees here: ``cuda``, ``mps`` or ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
