"""A model so small that a test can afford it; its weights mean nothing."""

from dataclasses import replace
from typing import Any

from napari_sam.model.answer_policy import AnswerPolicy
from napari_sam.model.config import ModelConfig, VitConfig
from napari_sam.model.sam import Sam

TINY_POLICY = AnswerPolicy(clean_masks=True)


def tiny_config(**changes: Any) -> ModelConfig:
    """Architecture of the built-in model, a few channels wide; some fields of it changed."""
    config = ModelConfig(
        name="tiny-random",
        trunk=VitConfig(32, 2, 2, 4, (1,), high_res_layers=(1, 0), conv_path=True),
        proposals=True,
        proposal_boxes=True,
        prompt_dim=32,
        mask_dim=8,
        mask_prompt_dim=8,
        decoder_heads=2,
        decoder_mlp_dim=32,
        high_res_features=True,
        position_scale=(1.0, 24.0),
        object_score=True,
        point_features=True,
        prompt_maps=True,
        padding_point="points",
    )
    return replace(config, **changes)


def tiny_sam(**changes: Any) -> Sam:
    """Random weights of :func:`tiny_config`, drawn from torch's current seed."""
    return Sam(tiny_config(**changes), TINY_POLICY)
