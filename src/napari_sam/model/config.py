"""Which parts a Segment Anything model has, as one frozen value."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Architecture of a :class:`~napari_sam.model.sam.Sam`.

    No public checkpoint has exactly the parts of the built-in model, so each part is a switch:
    SAM 1 is the plain decoder without high-resolution features and object score, SAM 2.1 has both.

    Parameters
    ----------
    name : str
        Name under which the model is loaded and cached.
    trunk : {"vit"}
        Image encoder.
    image_size : int
        Side of the full positional grid in model pixels; a window may be smaller.
    patch_size : int
        Side of one token in model pixels.
    pixel_mean, pixel_std : tuple of float
        Normalisation of RGB values in 0..255.
    vit_dim, vit_depth, vit_heads : int
        Width, number of blocks and attention heads of the trunk.
    vit_window : int
        Side of an attention window in tokens.
    vit_global_blocks : tuple of int
        Blocks that attend to the whole window instead.
    high_res_layers : tuple of int
        Blocks whose outputs feed the stride 8 and stride 4 features; empty for none (SAM 1).
    conv_path : bool
        Convolutions at stride 2, 4, 8 whose features join the tokens and the high-resolution
        features; they carry what a 16 px patch blurs: thin and small objects.
    proposals : bool
        Head for object centres and foreground at stride 4, from the high-resolution features.
    prompt_dim : int
        Width ``D`` of the image embedding, prompts and decoder.
    mask_dim : int
        Channels of the stride 4 mask features (SAM: ``D / 8``).
    decoder_depth, decoder_heads, decoder_mlp_dim : int
        Two-way transformer.
    position_scale : tuple of float
        Smallest and largest standard deviation of the gaussian frequencies, log-spaced over the
        columns; ``(1, 1)`` is SAM's.
    object_score : bool
        Token and head that say whether there is an object at the prompt at all.
    point_features : bool
        Point embeddings also carry the stride 4 feature under the point.
    prompt_maps : bool
        The prompts are also drawn at stride 4, where the mask is made, so that a mask can be local
        to its prompt below the size of a patch.
    mask_threshold : float
        Logit above which a pixel is inside.
    best_candidate_for_box : bool
        A box without points is answered by the best of the three candidates instead of the single
        mask; which is better depends on the training.
    pad_points_with_box : bool
        Append the padding point also when a box is given (SAM 1 and 2 do not).
    """

    name: str
    trunk: Literal["vit"] = "vit"
    image_size: int = 1024
    patch_size: int = 16
    pixel_mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    pixel_std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    vit_dim: int = 192
    vit_depth: int = 8
    vit_heads: int = 6
    vit_window: int = 8
    vit_global_blocks: tuple[int, ...] = (3, 7)
    high_res_layers: tuple[int, ...] = (5, 2)
    conv_path: bool = True
    proposals: bool = True
    prompt_dim: int = 128
    mask_dim: int = 32
    decoder_depth: int = 2
    decoder_heads: int = 8
    decoder_mlp_dim: int = 512
    position_scale: tuple[float, float] = (1.0, 24.0)
    object_score: bool = True
    point_features: bool = True
    prompt_maps: bool = True
    mask_threshold: float = 0.0
    best_candidate_for_box: bool = False
    pad_points_with_box: bool = True

    @property
    def grid_size(self) -> int:
        """Side of the full positional grid in tokens."""
        return self.image_size // self.patch_size

    @classmethod
    def cells_tiny(cls) -> "ModelConfig":
        """The model that ships in the wheel."""
        return cls(
            name="cells-tiny",
            pixel_mean=(127.5,) * 3,
            pixel_std=(64.0,) * 3,
            # these two: measured on training images
            mask_threshold=-0.5,
            best_candidate_for_box=True,
        )

    @classmethod
    def tiny_random(cls) -> "ModelConfig":
        """A model so small that a test can afford it; its weights mean nothing."""
        return cls(
            name="tiny-random",
            vit_dim=32,
            vit_depth=2,
            vit_heads=2,
            vit_window=4,
            vit_global_blocks=(1,),
            high_res_layers=(1, 0),
            prompt_dim=32,
            mask_dim=8,
            decoder_heads=2,
            decoder_mlp_dim=32,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in the header of a weights file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """Inverse of :meth:`to_dict`, also after a round trip through JSON.

        Raises
        ------
        ValueError
            If a field is unknown or missing.
        """
        known = {field.name for field in fields(cls)}
        if unknown := set(values) - known:
            raise ValueError(f"unknown model fields: {', '.join(sorted(unknown))}")
        if "name" not in values:
            raise ValueError("the model has no name")
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**given)
