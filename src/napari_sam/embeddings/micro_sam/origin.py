"""Origin: what embeddings were computed from, in micro-sam's words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from napari_sam.embeddings.embedding import array_shapes
from napari_sam.errors import CacheError
from napari_sam.image.volume import Volume
from napari_sam.model.config import ModelConfig, TinyVitConfig, VitConfig
from napari_sam.model.preprocess import input_size
from napari_sam.weights.families import SAM1

from .survey import LARGEST, PlaneSurvey

ARRAY = "image_embedding"
EMBEDDING_SHAPE = (256, 64, 64)


@dataclass(frozen=True, slots=True)
class Origin:
    """What embeddings were computed from, under the names that micro-sam has for it.

    Parameters
    ----------
    data_signature : str
        SHA-1 of the image's values, hexadecimal.
    model_type : str
        Size of the encoder, such as ``vit_b``.
    model_name : str
        Name of the model, such as ``vit_b_lm``.
    model_hash : str or None
        ``xxh128:`` and the hash of its file; None if that is not known.
    micro_sam_version : str
        What computed them.
    input_size, original_size : tuple of int
        Rows and columns of a plane in model pixels, without padding, and in data pixels.
    """

    data_signature: str
    model_type: str
    model_name: str
    model_hash: str | None
    micro_sam_version: str
    input_size: tuple[int, int]
    original_size: tuple[int, int]

    def attributes(self) -> dict[str, Any]:
        """As the group carries it."""
        sizes = {"input_size": list(self.input_size), "original_size": list(self.original_size)}
        return {"tile_shape": None, "halo": None, **asdict(self), **sizes}


def model_type(config: ModelConfig) -> str:
    """What micro-sam calls the encoder of a model.

    Returns
    -------
    str
        ``vit_t``, ``vit_b``, ``vit_l`` or ``vit_h``.

    Raises
    ------
    CacheError
        If micro-sam has none like it.
    """
    sizes = {trunk.dim: name for name, trunk in SAM1.items() if isinstance(trunk, VitConfig)}
    trunk, found = config.trunk, None
    if isinstance(trunk, TinyVitConfig):
        found = "vit_t"
    elif isinstance(trunk, VitConfig):
        found = sizes.get(trunk.dim)
    shapes = array_shapes(config, LARGEST, LARGEST)
    if found is None or config.resize != "longest" or shapes != {ARRAY: EMBEDDING_SHAPE}:
        raise CacheError(
            f"{config.name} is not of the family of SAM 1, whose embeddings alone can be "
            "exchanged: name a model that micro-sam has, such as --model vit_b_lm"
        )
    return found


def origin_of(
    config: ModelConfig,
    volume: Volume,
    planes: Sequence[PlaneSurvey],
    model_hash: str | None,
    version: str,
) -> Origin:
    """What embeddings of an image are computed from, in micro-sam's words.

    Parameters
    ----------
    config : ModelConfig
        The model.
    volume : Volume
        The image.
    planes : sequence of PlaneSurvey
        All of them.
    model_hash : str or None
        XXH128 of the model's file, if known.
    version : str
        What computes them.

    Raises
    ------
    CacheError
        If micro-sam has no such model.
    """
    return Origin(
        data_signature=planes[-1].signature,
        model_type=model_type(config),
        model_name=config.name,
        model_hash=model_hash,
        micro_sam_version=version,
        input_size=input_size(config, volume.height, volume.width),
        original_size=(volume.height, volume.width),
    )
