"""Loading of models by name or from a file, and saving to a file."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from napari_sam.errors import ModelError, reason
from napari_sam.model.answer_policy import AnswerPolicy
from napari_sam.model.config import ModelConfig
from napari_sam.model.sam import Sam

from .catalogue import find_card
from .download import DownloadStep, download_model
from .families import reference_policy
from .header import from_header, to_header
from .no_random_values import NoRandomValues
from .precision import choose_precisions
from .read_checkpoint import explain_mismatch, read_checkpoint, read_decoder
from .recognise import recognise, translate
from .store import ModelStore
from .tensor_file import CONFIG_KEY, read_tensor_file, saved_config

State = Mapping[str, Tensor]


def load_model(
    name: str | Path, device: str | torch.device = "cpu", precision: str | None = "fp32"
) -> Sam:
    """Load a model for inference; missing weights are downloaded first.

    Parameters
    ----------
    name : str or Path
        Name listed by ``napari-sam models``; or a file written by :func:`save_weights` or in the
        layout of SAM, SAM 2, MobileSAM, EfficientTAM or micro-sam.
    device : str or torch.device
        Device on which the model runs.
    precision : {"fp32", "bf16", "auto"} or None
        Arithmetic of the image encoder, see
        :func:`~napari_sam.weights.precision.choose_precisions`.

    Returns
    -------
    Sam
        In evaluation mode; weights in float32.

    Raises
    ------
    ModelError
        If there is no such model or precision, the download fails, or the file cannot be used.
    """
    precisions = choose_precisions(precision, device)
    path = Path(name)
    if os.path.isfile(path):
        model = read_model(path, None, path.stem)
    else:
        for _ in fetch_model(str(name)):
            pass
        stored = ModelStore().get(str(name))
        model = read_model(stored.weights, stored.decoder, stored.name)
    model.precisions = precisions
    return model.to(device)


def fetch_model(name: str) -> Iterator[DownloadStep]:
    """Download the missing files of a model.

    Parameters
    ----------
    name : str
        As for :func:`load_model`.

    Yields
    ------
    DownloadStep
        Progress of the download; no steps for a complete model and for a file.
    """
    card = find_card(name)
    if card is not None and not card.in_package and not os.path.isfile(name):
        yield from download_model(card)


def read_model(path: Path, decoder: Path | None, name: str) -> Sam:
    """Read a model from files, on the CPU.

    Parameters
    ----------
    path : Path
        File of the weights.
    decoder : Path or None
        File of micro-sam's decoder, if it is separate.
    name : str
        Name of the model, for files in the layout of a public family; others carry a name.

    Returns
    -------
    Sam
        In evaluation mode, float32.

    Raises
    ------
    ModelError
        If a file cannot be used.
    """
    saved = saved_config(path)
    if saved is not None:
        config, policy = from_header(saved, path.name)
        state: dict[str, Tensor] = read_tensor_file(path)[0]  # type: ignore[assignment]
        return build(config, policy, state)
    checkpoint = read_checkpoint(path)
    decoder_state = checkpoint.decoder_state if decoder is None else read_decoder(decoder)
    try:
        config = recognise(checkpoint.state, decoder_state, name)
        state = translate(config, checkpoint.state, decoder_state)
    except (ValueError, IndexError, RuntimeError) as error:  # names or shapes of no model
        raise ModelError(
            f"{path.name} has the names of a model and other tensors: check that the file is whole"
        ) from error
    return build(config, reference_policy(config), state)


def build(config: ModelConfig, policy: AnswerPolicy, state: State) -> Sam:
    """Build a model from architecture, policy and weights.

    Parameters
    ----------
    config : ModelConfig
        The architecture.
    policy : AnswerPolicy
        How its answers are chosen.
    state : mapping of str to Tensor
        Every tensor of the model by our names; of any floating type.

    Returns
    -------
    Sam
        In evaluation mode, float32, on the CPU.

    Raises
    ------
    ModelError
        If tensors are missing, of another shape, or unknown to the model.
    """
    model = _without_weights(config, policy)
    expected = model.state_dict()
    shapes = {
        key: (tuple(state[key].shape), tuple(tensor.shape))
        for key, tensor in expected.items()
        if key in state and state[key].shape != tensor.shape
    }
    missing, surplus = expected.keys() - state.keys(), state.keys() - expected.keys()
    if missing or surplus or shapes:
        raise ModelError(explain_mismatch(config.name, missing, surplus, shapes))
    weights = {
        key: tensor.float() if tensor.is_floating_point() else tensor
        for key, tensor in state.items()
    }
    model.load_state_dict(weights, assign=True)
    return model.eval()


def _without_weights(config: ModelConfig, policy: AnswerPolicy) -> Sam:
    """Build the layers of a model without memory for weights, which would be replaced at once."""
    try:
        with torch.device("meta"), NoRandomValues():
            return Sam(config, policy)
    except Exception as error:  # torch raises errors of many kinds if sizes do not go together
        raise ModelError(
            f"the sizes in the header of {config.name} are of no model ({reason(error)}): "
            "download the file again, or choose another model"
        ) from error


def save_weights(model: Sam, path: str | Path, dtype: torch.dtype = torch.float16) -> None:
    """Write weights, architecture and policy to a safetensors file.

    Parameters
    ----------
    model : Sam
        The model.
    path : str or Path
        File to write; an old file is replaced in one step.
    dtype : torch.dtype
        Stored precision of the parameters; float16 halves the file. Buffers (the frequencies of
        the positional encoding) stay float32, since rounding them would move the prompts.
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
    """Hash of a model: architecture, policy and every weight. Names cached embeddings.

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
    """Architecture and policy as JSON, for the file and for the hash."""
    return json.dumps(to_header(model.config, model.policy))


@cache
def best_device() -> str:
    """Fastest available device of torch: ``cuda``, ``mps`` or ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
