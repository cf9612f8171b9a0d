"""Published layout: a fine-tuned SAM as a checkpoint for the authors' code and micro-sam."""

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from napari_sam.model.config import ModelConfig
from napari_sam.model.sam import Sam

from .import_weights import family_of
from .read_checkpoint import Checkpoint, read_checkpoint, read_decoder
from .recognise import rename
from .tensor_file import saved_config

_POINT = re.compile(r"prompt_encoder\.point_embeddings\.(\d)\.weight")
_FAMILIES = frozenset({"sam1", "mobile-sam", "micro-sam", "sam2"})


def has_published_layout(config: ModelConfig, weights: Path) -> bool:
    """Whether a model was read from a checkpoint of SAM 1, MobileSAM or SAM 2, as micro-sam opens.

    Parameters
    ----------
    config : ModelConfig
        Architecture of the model.
    weights : Path
        File that it was read from.
    """
    return family_of(config) in _FAMILIES and saved_config(weights) is None


def save_published(model: Sam, weights: Path, decoder: Path | None, path: Path) -> None:
    """Write a model in the layout of the checkpoint that it was fine-tuned from.

    Prompt encoder and mask decoder are those of `model`; every other tensor is copied bit for bit.
    The file is a dict of tensors under the authors' names, as ``segment_anything`` and
    ``micro_sam.util.get_sam_model(checkpoint_path=...)`` read it. A model with micro-sam's decoder
    is written as micro-sam exports it, with ``model_state`` and ``decoder_state``; SAM 2 as Meta
    publishes it, under ``model``.

    Parameters
    ----------
    model : Sam
        Fine-tuned; its image encoder is that of `weights`.
    weights : Path
        Checkpoint of the model before.
    decoder : Path or None
        File of micro-sam's decoder, if it is separate.
    path : Path
        File to write.

    Raises
    ------
    ModelError
        If a checkpoint cannot be read.
    OSError
        If `path` cannot be written.
    """
    checkpoint = read_checkpoint(weights)
    decoder_state = checkpoint.decoder_state if decoder is None else read_decoder(decoder)
    state = _with_decoder_of(model, checkpoint)
    saved: dict[str, Any] = state
    if decoder_state is not None:
        saved = {"model_state": state, "decoder_state": decoder_state}
    elif checkpoint.layout == "model":
        saved = {"model": state}
    torch.save(saved, path)


def _with_decoder_of(model: Sam, checkpoint: Checkpoint) -> dict[str, Tensor]:
    """The checkpoint's tensors, those of prompt encoder and mask decoder replaced."""
    ours = model.state_dict()
    return {key: _tensor(key, tensor, ours) for key, tensor in checkpoint.state.items()}


def _tensor(key: str, old: Tensor, ours: dict[str, Tensor]) -> Tensor:
    name = rename(key)
    if (match := _POINT.fullmatch(name)) is not None:
        row = int(match[1])
        new = ours["prompt_encoder.point_embeddings"][row : row + 1]
    elif name.startswith(("prompt_encoder.", "mask_decoder.")) and name in ours:
        new = ours[name].reshape(old.shape)
    else:
        return old.clone()
    return new.detach().to("cpu", old.dtype).clone()
