"""Header of a weights file: architecture and answer policy of the model as plain values."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from napari_sam.document import parse_document
from napari_sam.errors import ModelError, cut
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

T = TypeVar("T")

LARGEST_SIZE = 1 << 16
"""Largest width, number of heads or side in pixels that a header may name."""

MOST_BLOCKS = 512
"""Largest number of blocks that a header may name: each takes time to build, also without weights;
the largest public model has 48."""

_DEPTHS = frozenset({"depth", "depths", "decoder_depth", "layers"})
_INDICES = frozenset({"global_blocks", "high_res_layers", "windows", "window"})
"""Fields that may be 0: indices of blocks, and windows of blocks that attend to everything."""
_ANY_SIGN = frozenset({"mask_threshold", "pixel_mean"})
_ADVICE = (
    "the file is damaged or of another version of napari-sam, download it again or choose another "
    "model"
)

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
    "steady_corrections",
    "own_prompts",
)
"""Order of the fields of `ModelConfig` and `AnswerPolicy` in the header. It must stay: the hash
that names cached embeddings covers the header as JSON text."""
_NOT_IF_FALSE = frozenset({"steady_corrections", "own_prompts"})
"""Fields left out of the header while they are False: models older than a field keep their hash."""


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
    return {key: values[key] for key in _ORDER if key not in _NOT_IF_FALSE or values[key]}


def from_header(
    header: Mapping[str, Any], file: str = "the model"
) -> tuple[ModelConfig, AnswerPolicy]:
    """Inverse of :func:`to_header`, also after a round trip through JSON.

    Parameters
    ----------
    header : mapping
        Fields of both; absent fields have their defaults, as in files of earlier versions.
    file : str
        Name of the file, for messages.

    Returns
    -------
    ModelConfig, AnswerPolicy

    Raises
    ------
    ModelError
        If a field is unknown, of another type or out of range, or the name or the image encoder is
        missing.
    """
    parts = parse_document(_Parts, header, file, ModelError, _ADVICE)
    kind, trunk = parts.trunk.get("kind"), {k: v for k, v in parts.trunk.items() if k != "kind"}
    if not isinstance(kind, str) or kind not in _TRUNKS:
        raise ModelError(f"{file}: trunk.kind: unknown image encoder: {_ADVICE}")
    of_policy = {field.name for field in fields(AnswerPolicy)}
    policy = {key: value for key, value in header.items() if key in of_policy}
    architecture = {key: value for key, value in header.items() if key not in of_policy}
    architecture["trunk"] = _parsed(_TRUNKS[kind], trunk, file)
    if parts.memory is not None:
        architecture["memory"] = _parsed(MemoryConfig, parts.memory, file)
    config = _parsed(ModelConfig, architecture, file)
    if not all(width % heads == 0 for width, heads in _shared_widths(config)):
        raise ModelError(f"{file}: heads: the widths are no multiples of the heads: {_ADVICE}")
    return config, _parsed(AnswerPolicy, policy, file)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Records within a header, and the name, which is required."""

    name: str
    trunk: dict[str, Any]
    memory: dict[str, Any] | None = None


def _parsed(kind: type[T], values: Mapping[str, Any], file: str) -> T:
    """Parse a part of a header, and check that its numbers are in range."""
    if unknown := set(values) - {field.name for field in fields(kind)}:  # type: ignore[arg-type]
        names = ", ".join(sorted(map(str, unknown)))
        raise ModelError(f"{file}: unknown model fields: {cut(names)}: {_ADVICE}")
    record = parse_document(kind, values, file, ModelError, _ADVICE)
    for name, value in values.items():
        if not all(_in_range(name, number) for number in _numbers(value)):
            raise ModelError(f"{file}: {name}: {cut(str(value))} is out of range: {_ADVICE}")
    return record


def _shared_widths(config: ModelConfig) -> Iterator[tuple[int, int]]:
    """Yield each width that attention heads share, with their number.

    No weight has the shape of a single head, so that a wrong number shows nowhere else.
    """
    yield config.prompt_dim // 2, config.decoder_heads  # SAM halves it between tokens and image
    trunk = config.trunk
    if isinstance(trunk, TinyVitConfig):
        yield from zip(trunk.dims, trunk.heads, strict=False)
    else:
        yield trunk.dim, trunk.heads


def _numbers(value: object) -> Iterator[float]:
    """Yield the numbers in a field: itself, or those of a list."""
    for item in value if isinstance(value, list | tuple) else [value]:
        if isinstance(item, int | float) and not isinstance(item, bool):
            yield item


def _in_range(name: str, number: float) -> bool:
    if name in _ANY_SIGN:
        return math.isfinite(number)
    lowest = number >= 0 if name in _INDICES else number > 0
    return lowest and number <= (MOST_BLOCKS if name in _DEPTHS else LARGEST_SIZE)
