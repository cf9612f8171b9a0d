"""Architectures and answer policies of the catalogue's models."""

from typing import Literal

from napari_sam.model.answer_policy import AnswerPolicy
from napari_sam.model.config import (
    HieraConfig,
    MemoryConfig,
    ModelConfig,
    TinyVitConfig,
    VitConfig,
)

InstanceDecoderKind = Literal["bilinear", "transposed"]
"""Upsampling of micro-sam's decoder."""

SAM1: dict[str, VitConfig | TinyVitConfig] = {
    "vit_b": VitConfig(768, 12, 12, 14, (2, 5, 8, 11), relative_positions=True),
    "vit_l": VitConfig(1024, 24, 16, 14, (5, 11, 17, 23), relative_positions=True),
    "vit_h": VitConfig(1280, 32, 16, 14, (7, 15, 23, 31), relative_positions=True),
    "vit_t": TinyVitConfig(),
}
"""Image encoders of SAM, MobileSAM (``vit_t``) and micro-sam by size."""

SAM2 = {
    "tiny": HieraConfig(96, 1, (1, 2, 7, 2), (5, 7, 9)),
    "small": HieraConfig(96, 1, (1, 2, 11, 2), (7, 10, 13)),
    "base_plus": HieraConfig(112, 2, (2, 3, 16, 3), (12, 16, 20), position_grid=14),
    "large": HieraConfig(144, 2, (2, 6, 36, 4), (23, 33, 43), windows=(8, 4, 16, 8)),
}
"""Image encoders of SAM 2 by size."""

EFFICIENT_TAM = {
    "s": VitConfig(384, 12, 6, 14, (2, 5, 8, 11)),
    "ti": VitConfig(192, 12, 3, 14, (2, 5, 8, 11)),
}
"""Image encoders of EfficientTAM by size."""

CELLS_TINY_POLICY = AnswerPolicy(
    best_mask_for_click=True,
    own_prompts=True,
    clean_masks=True,
    point_with_mask=True,
    steady_corrections=True,
    closer_looks=True,
)
"""Answer policy of the built-in model; its weights file carries the same."""


def cells_tiny() -> ModelConfig:
    """Architecture of the built-in model; see `CELLS_TINY_POLICY` for the policy."""
    return ModelConfig(
        name="cells-tiny",
        trunk=VitConfig(192, 8, 6, 8, (3, 7), high_res_layers=(5, 2), conv_path=True),
        pixel_mean=(127.5,) * 3,
        pixel_std=(64.0,) * 3,
        proposals=True,
        proposal_boxes=True,
        prompt_dim=128,
        mask_dim=32,
        mask_prompt_dim=32,
        decoder_mlp_dim=512,
        high_res_features=True,
        position_scale=(1.0, 24.0),
        object_score=True,
        point_features=True,
        prompt_maps=True,
        padding_point="points",
    )


def sam1(
    size: str, name: str | None = None, instance_decoder: InstanceDecoderKind | None = None
) -> ModelConfig:
    """Architecture of SAM (arXiv:2304.02643), MobileSAM (arXiv:2306.14289) and micro-sam's models.

    An image is resized so that its longest side is 1024, normalised with ImageNet's mean and
    standard deviation, and padded to a square at the right and the bottom.

    Parameters
    ----------
    size : {"vit_t", "vit_b", "vit_l", "vit_h"}
        Size of the image encoder; ``vit_t`` is MobileSAM.
    name : str, optional
        Name of the model; its size by default.
    instance_decoder : {"bilinear", "transposed"}, optional
        Upsampling of micro-sam's UNETR decoder; None for a model without it.

    Returns
    -------
    ModelConfig
    """
    return ModelConfig(
        name=name or size, trunk=SAM1[size], resize="longest", instance_decoder=instance_decoder
    )


def sam2(size: str, version: str = "2.1", name: str | None = None) -> ModelConfig:
    """Architecture of SAM 2 (arXiv:2408.00714).

    An image is resized to a square of 1024, whatever its shape, and normalised with ImageNet's mean
    and standard deviation.

    Parameters
    ----------
    size : {"tiny", "small", "base_plus", "large"}
        Image encoder.
    version : {"2.0", "2.1"}
        Version 2.1 encodes the times of object pointers and marks planes without the object.
    name : str, optional
        Name of the model.

    Returns
    -------
    ModelConfig
    """
    later = version == "2.1"
    return ModelConfig(
        name=name or f"sam{version}_{size}",
        trunk=SAM2[size],
        resize="square",
        high_res_features=True,
        object_score=True,
        iou_sigmoid=True,
        padding_point="always",
        memory=MemoryConfig(embed_no_object=later, pointer_times=later),
    )


def efficient_tam(
    size: str,
    image_size: int = 1024,
    name: str | None = None,
    pooling: Literal["none", "scores", "keys"] = "none",
) -> ModelConfig:
    """Architecture of EfficientTAM (arXiv:2411.18933): SAM 2 with a plain vision transformer.

    An image is resized to a square and normalised as for SAM 2.

    Parameters
    ----------
    size : {"s", "ti"}
        Image encoder.
    image_size : int
        Side of a window in model pixels: 1024, or 512 for the ``_512x512`` models.
    name : str, optional
        Name of the model.
    pooling : {"none", "scores", "keys"}
        Pooling of memories; ``"scores"`` and ``"keys"`` are the ``_1`` and ``_2`` models.

    Returns
    -------
    ModelConfig
    """
    return ModelConfig(
        name=name or f"efficienttam_{size}",
        trunk=EFFICIENT_TAM[size],
        image_size=image_size,
        resize="square",
        object_score=True,
        iou_sigmoid=True,
        padding_point="always",
        memory=MemoryConfig(embed_no_object=False, pointer_times=False, pooling=pooling),
    )


def reference_policy(config: ModelConfig) -> AnswerPolicy:
    """Policy of the reference implementation of a public model.

    Parameters
    ----------
    config : ModelConfig
        From :func:`sam1`, :func:`sam2` or :func:`efficient_tam`.

    Returns
    -------
    AnswerPolicy
        With `stable_single_mask` for SAM 2 and EfficientTAM, the models with a memory.
    """
    return AnswerPolicy(stable_single_mask=config.memory is not None)
