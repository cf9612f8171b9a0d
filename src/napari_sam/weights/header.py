"""Header of a weights file: architecture and answer policy of the model as plain values."""

from dataclasses import asdict, fields
from typing import Any

from napari_sam.model.answer_policy import AnswerPolicy
from napari_sam.model.config import (
    HieraConfig,
    MemoryConfig,
    ModelConfig,
    TinyVitConfig,
    TrunkConfig,
    VitConfig,
)

_TRUNKS: dict[str, type[TrunkConfig]] = {
    "vit": VitConfig,
    "tiny_vit": TinyVitConfig,
    "hiera": HieraConfig,
}
"""Name of an image encoder in the header -> its configuration."""

_ORDER = (
    "name",
    "trunk",
    "image_size",
    "resize",
    "pixel_mean",
    "pixel_std",
    "proposals",
    "proposal_boxes",
    "instance_decoder",
    "prompt_dim",
    "mask_dim",
    "mask_prompt_dim",
    "decoder_depth",
    "decoder_heads",
    "decoder_mlp_dim",
    "high_res_features",
    "position_scale",
    "object_score",
    "iou_sigmoid",
    "stable_single_mask",
    "point_features",
    "prompt_maps",
    "mask_threshold",
    "best_candidate_for_box",
    "best_mask_for_click",
    "clean_masks",
    "point_with_mask",
    "closer_looks",
    "padding_point",
    "memory",
)
"""Order of the fields of `ModelConfig` and `AnswerPolicy` in the header. It must stay: the hash
that names cached embeddings covers the header as JSON text."""


def to_header(config: ModelConfig, policy: AnswerPolicy) -> dict[str, Any]:
    """Architecture and policy as plain values, in the order of weights files.

    Parameters
    ----------
    config : ModelConfig
        The architecture.
    policy : AnswerPolicy
        How its answers are chosen.

    Returns
    -------
    dict
        Numbers, texts, tuples and dicts; a new one.
    """
    kind = next(kind for kind, trunk in _TRUNKS.items() if isinstance(config.trunk, trunk))
    values = asdict(config) | asdict(policy)
    values["trunk"] = {"kind": kind, **values["trunk"]}
    return {key: values[key] for key in _ORDER}


def from_header(header: dict[str, Any]) -> tuple[ModelConfig, AnswerPolicy]:
    """Inverse of :func:`to_header`, also after a round trip through JSON.

    Parameters
    ----------
    header : dict
        Fields of both; absent fields have their defaults, as in files of earlier versions.

    Returns
    -------
    ModelConfig, AnswerPolicy

    Raises
    ------
    ValueError
        If a field is unknown, or the name or the image encoder is missing.
    """
    if missing := {"name", "trunk"} - set(header):
        raise ValueError(f"the model has no {' and no '.join(sorted(missing))}")
    trunk = dict(header["trunk"])
    kind = trunk.pop("kind", None)
    if kind not in _TRUNKS:
        raise ValueError(f"unknown image encoder: {kind}")
    of_policy = {field.name for field in fields(AnswerPolicy)}
    policy = {key: value for key, value in header.items() if key in of_policy}
    architecture = {key: value for key, value in header.items() if key not in of_policy}
    architecture["trunk"] = _build(_TRUNKS[kind], trunk)
    if header.get("memory") is not None:
        architecture["memory"] = _build(MemoryConfig, header["memory"])
    return _build(ModelConfig, architecture), _build(AnswerPolicy, policy)


def _build(cls: type[Any], values: dict[str, Any]) -> Any:
    """Dataclass from JSON values, whose lists become tuples."""
    if unknown := set(values) - {field.name for field in fields(cls)}:
        raise ValueError(f"unknown model fields: {', '.join(sorted(unknown))}")
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
