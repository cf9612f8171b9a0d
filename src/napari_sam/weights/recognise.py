"""Recognition of public checkpoints by keys and shapes, and translation of their keys to ours.

Meta's, MobileSAM's, micro-sam's and EfficientTAM's checkpoints share most names of parts. Parts
that they only number ("0", "3") have names here.
"""

import math
import re
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from napari_sam.errors import ModelError
from napari_sam.model.config import HieraConfig, ModelConfig, VitConfig

from .families import (
    EFFICIENT_TAM,
    SAM1,
    SAM2,
    InstanceDecoderKind,
    efficient_tam,
    sam1,
    sam2,
)

State = Mapping[str, Tensor]

# Pattern of a key -> our key, applied in order: the first patterns map SAM 2's names to SAM's.
_RENAMES = tuple(
    (re.compile(pattern), ours)
    for pattern, ours in (
        (r"^sam_prompt_encoder\.", "prompt_encoder."),
        (r"^sam_mask_decoder\.conv_s([01])\.", r"image_encoder.conv_s\1."),
        (r"^sam_mask_decoder\.", "mask_decoder."),
        (r"^image_encoder\.patch_embed\.proj\.", "image_encoder.patch_embed."),
        (r"^(image_encoder\.layers\..*)\.mlp\.norm\.", r"\1.norm2."),
        (r"^(image_encoder\.layers\..*\.mlp)\.fc([12])\.", r"\1.lin\2."),
        (
            r"^prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
            "prompt_encoder.position.gaussian",
        ),
        (r"^prompt_encoder\.(no_mask_embed|not_a_point_embed)\.weight$", r"prompt_encoder.\1"),
        (r"^mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscaling.dc1."),
        (r"^mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscaling.norm."),
        (r"^mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscaling.dc2."),
        (r"^mask_decoder\.output_hypernetworks_mlps\.", "mask_decoder.hypernetworks."),
        (r"^mask_decoder\.iou_prediction_head\.", "mask_decoder.iou_head."),
        (r"^mask_decoder\.obj_score_token\.", "mask_decoder.object_score_token."),
        (r"^mask_decoder\.pred_obj_score_head\.", "mask_decoder.object_score_head."),
        (r"^((?:mask_decoder|image_encoder)\..*\.mlp)\.layers\.0\.", r"\1.lin1."),
        (r"^((?:mask_decoder|image_encoder)\..*\.mlp)\.layers\.1\.", r"\1.lin2."),
        (
            r"^(memory_attention|memory_encoder|maskmem_|no_mem_|no_obj_|obj_ptr_|mask_downsample)",
            r"memory.\1",
        ),
    )
)
# tensors of TinyViT's classifier in the checkpoints, and tables that the window determines
_UNUSED = re.compile(r"^image_encoder\.(norm_head|head)\.|\.attention_bias_idxs$|\.attn\.ab$")
_POINTS = "prompt_encoder.point_embeddings"
_DECODER = "instance_decoder."
_VIT, _TINY_VIT = (
    "image_encoder.patch_embed.proj.weight",
    "image_encoder.patch_embed.seq.0.c.weight",
)
_POSITIONS = "image_encoder.pos_embed"
_HIERA, _SAM2_VIT = "image_encoder.trunk.pos_embed_window", "image_encoder.trunk.pos_embed"


def recognise(
    state: State, decoder_state: State | None = None, name: str | None = None
) -> ModelConfig:
    """Recognise the architecture of a public checkpoint.

    Parameters
    ----------
    state : mapping of str to Tensor
        Tensors under the names of the family's own code, such as ``image_encoder.…``.
    decoder_state : mapping of str to Tensor, optional
        Tensors of micro-sam's UNETR decoder.
    name : str, optional
        Name of the model; the name of its size by default. Variants of EfficientTAM with equal
        shapes are told apart by it.

    Returns
    -------
    ModelConfig

    Raises
    ------
    ModelError
        If keys or shapes belong to no known family.
    """
    if _TINY_VIT in state:
        return sam1("vit_t", name, _instance_decoder(decoder_state))
    if _VIT in state:
        return sam1(_vit_size(state), name, _instance_decoder(decoder_state))
    if _HIERA in state:
        return sam2(_hiera_size(state), _sam2_version(state), name)
    if _SAM2_VIT in state:
        return _tam(state, name or "")
    raise ModelError(
        "these weights are of no model that napari-sam knows: it reads SAM, SAM 2, MobileSAM, "
        "EfficientTAM and micro-sam checkpoints, and what was fine-tuned from them"
    )


def _vit_size(state: State) -> str:
    width = state[_VIT].shape[0]
    for size, trunk in SAM1.items():
        if isinstance(trunk, VitConfig) and trunk.dim == width:
            return size
    raise ModelError(
        f"these weights are of a SAM with {width} channels: known are vit_b (768), vit_l (1024) "
        "and vit_h (1280)"
    )


def _instance_decoder(state: State | None) -> InstanceDecoderKind | None:
    if state is None:
        return None
    old = any(key.startswith("decoder.samplers.") and ".block." in key for key in state)
    return "transposed" if old else "bilinear"


def _hiera_size(state: State) -> str:
    width = state["image_encoder.trunk.patch_embed.proj.weight"].shape[0]
    blocks = 1 + max(int(key.split(".")[3]) for key in state if ".trunk.blocks." in key)
    for size, trunk in SAM2.items():
        if isinstance(trunk, HieraConfig) and (trunk.dim, sum(trunk.depths)) == (width, blocks):
            return size
    raise ModelError(
        f"these weights are of a SAM 2 with {width} channels and {blocks} blocks: known are "
        f"{', '.join(SAM2)}"
    )


def _tam(state: State, name: str) -> ModelConfig:
    """Architecture of an EfficientTAM; variants of equal shapes differ by name alone."""
    image_size = 512 if "512" in name else 1024
    pooling: Literal["none", "scores", "keys"] = "none"
    if name.endswith(("_1", "_2")):
        pooling = "scores" if name.endswith("_1") else "keys"
    return efficient_tam(_tam_size(state), image_size, name or None, pooling)


def _tam_size(state: State) -> str:
    width = state[_SAM2_VIT].shape[-1]
    for size, trunk in EFFICIENT_TAM.items():
        if trunk.dim == width:
            return size
    raise ModelError(
        f"these weights are of an EfficientTAM with {width} channels: known are s (384) and "
        "ti (192)"
    )


def _sam2_version(state: State) -> str:
    return "2.1" if "no_obj_embed_spatial" in state else "2.0"


def translate(
    config: ModelConfig, state: State, decoder_state: State | None = None
) -> dict[str, Tensor]:
    """Translate the keys of a public checkpoint to ours.

    Parameters
    ----------
    config : ModelConfig
        From :func:`recognise`.
    state, decoder_state : mapping of str to Tensor
        As for :func:`recognise`.

    Returns
    -------
    dict of str to Tensor
        Tensors by our names. Unknown tensors keep their names, for the error of loading.
    """
    ours = {rename(key): tensor for key, tensor in state.items() if not _UNUSED.search(key)}
    if isinstance(config.trunk, VitConfig) and _SAM2_VIT in ours:
        ours = {_as_plain_vit(key): tensor for key, tensor in ours.items()}
        ours[_POSITIONS] = resize_positions(ours[_POSITIONS], config.grid_size)
    points = [ours.pop(f"{_POINTS}.{i}.weight", None) for i in range(4)]
    if all(point is not None for point in points):
        ours[_POINTS] = torch.cat([point for point in points if point is not None])
    for key in ("prompt_encoder.no_mask_embed", "prompt_encoder.not_a_point_embed"):
        if key in ours:
            ours[key] = ours[key].flatten()
    return ours | {_DECODER + key: tensor for key, tensor in (decoder_state or {}).items()}


def resize_positions(positions: Tensor, grid: int) -> Tensor:
    """Resize the positional embedding of a pretrained ViT to another grid, bicubically.

    Parameters
    ----------
    positions : Tensor
        ``(1, 1 + n * n, dim)`` float; the first row belongs to the class token.
    grid : int
        Side of the grid in tokens.

    Returns
    -------
    Tensor
        ``(1, grid, grid, dim)``.
    """
    side = math.isqrt(positions.shape[1] - 1)
    image: Tensor = positions[:, 1:].float().unflatten(1, (side, side)).permute(0, 3, 1, 2)
    if side != grid:
        image = functional.interpolate(image, (grid, grid), mode="bicubic", align_corners=False)
    return image.permute(0, 2, 3, 1)


def _as_plain_vit(key: str) -> str:
    """Key of EfficientTAM's image encoder as SAM's; the former names the layers of the neck."""
    key = key.replace("image_encoder.trunk.", "image_encoder.")
    key = key.replace("image_encoder.patch_embed.proj.", "image_encoder.patch_embed.")
    for number, layer in enumerate(("conv_1x1", "norm_0", "conv_3x3", "norm_1")):
        key = key.replace(f"image_encoder.neck.convs.0.{layer}.", f"image_encoder.neck.{number}.")
    return key


def rename(key: str) -> str:
    """Our name of a tensor of a public checkpoint."""
    for pattern, ours in _RENAMES:
        key = pattern.sub(ours, key)
    return key
