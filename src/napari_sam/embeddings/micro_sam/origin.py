"""Origin: the image and model of embeddings, in the attributes of micro-sam."""

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
"""The only array of an embedding that can be exchanged."""

EMBEDDING_SHAPE = (256, 64, 64)
"""Channels, rows and columns of an embedding of SAM 1."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The image and model of embeddings; the fields have the names of micro-sam's attributes.

    Parameters
    ----------
    data_signature : str
        SHA-1 of the image's values, hexadecimal.
    model_type : str
        Size of the encoder, such as ``vit_b``.
    model_name : str
        Name of the model, such as ``vit_b_lm``.
    model_hash : str or None
        ``xxh128:`` and the hash of the model's file; None if unknown.
    micro_sam_version : str
        Version of the program that computed the embeddings.
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
        """Attributes of the zarr group, as JSON values."""
        sizes = {"input_size": list(self.input_size), "original_size": list(self.original_size)}
        return {"tile_shape": None, "halo": None, **asdict(self), **sizes}


def model_type(config: ModelConfig) -> str:
    """Name of a model's encoder in micro-sam.

    Returns
    -------
    str
        ``vit_t``, ``vit_b``, ``vit_l`` or ``vit_h``.

    Raises
    ------
    CacheError
        If micro-sam has no such encoder.
    """
    sizes = {vit.dim: key for key, vit in SAM1.items() if isinstance(vit, VitConfig)}
    trunk, name = config.trunk, None
    if isinstance(trunk, TinyVitConfig):
        name = "vit_t"
    elif isinstance(trunk, VitConfig):
        name = sizes.get(trunk.dim)
    shapes = array_shapes(config, LARGEST, LARGEST)
    if name is None or config.resize != "longest" or shapes != {ARRAY: EMBEDDING_SHAPE}:
        raise CacheError(
            f"{config.name} is not of the family of SAM 1, whose embeddings alone can be "
            "exchanged: name a model that micro-sam has, such as --model vit_b_lm"
        )
    return name


def origin_of(
    config: ModelConfig,
    volume: Volume,
    planes: Sequence[PlaneSurvey],
    model_hash: str | None,
    version: str,
) -> Origin:
    """Describe an image and a model as micro-sam does.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the model.
    volume : Volume
        The image.
    planes : sequence of PlaneSurvey
        All planes of the image.
    model_hash : str or None
        XXH128 of the model's file, if known.
    version : str
        Version of the program that computes the embeddings.

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
