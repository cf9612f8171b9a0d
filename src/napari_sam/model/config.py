"""Which parts a Segment Anything model has, as one frozen value."""

from dataclasses import dataclass
from typing import Literal

PATCH = 16
"""Model pixels of one cell of the image embedding, in every family."""


@dataclass(frozen=True, slots=True)
class VitConfig:
    """A plain vision transformer: SAM 1, EfficientTAM, the built-in model.

    Parameters
    ----------
    dim, depth, heads : int
        Width, number of blocks and attention heads.
    window : int
        Side of an attention window in tokens.
    global_blocks : tuple of int
        Blocks that attend to everything instead.
    relative_positions : bool
        Decomposed relative positions in the attention (SAM 1; arXiv:2112.01526).
    high_res_layers : tuple of int
        Blocks whose outputs feed the stride 8 and stride 4 features; empty for none.
    conv_path : bool
        Convolutions at stride 2, 4, 8 whose features join the tokens and the high-resolution
        features; they carry what a 16 px patch blurs: thin and small objects.
    """

    dim: int
    depth: int
    heads: int
    window: int
    global_blocks: tuple[int, ...]
    relative_positions: bool = False
    high_res_layers: tuple[int, ...] = ()
    conv_path: bool = False


@dataclass(frozen=True, slots=True)
class TinyVitConfig:
    """TinyViT (arXiv:2207.10666) as MobileSAM has it.

    Parameters
    ----------
    dims, depths, heads, windows : tuple of int
        Width, number of blocks, attention heads and side of an attention window of each stage.
    """

    dims: tuple[int, ...] = (64, 128, 160, 320)
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (2, 4, 5, 10)
    windows: tuple[int, ...] = (7, 7, 14, 7)


@dataclass(frozen=True, slots=True)
class HieraConfig:
    """Hiera (arXiv:2306.00989) with a feature pyramid, as SAM 2 has it.

    Parameters
    ----------
    dim, heads : int
        Width and attention heads of the first stage; both double from stage to stage.
    depths : tuple of int
        Blocks of each stage.
    global_blocks : tuple of int
        Blocks that attend to everything.
    windows : tuple of int
        Side of an attention window in each stage.
    position_grid : int
        Side of the background positional embedding.
    """

    dim: int
    heads: int
    depths: tuple[int, ...]
    global_blocks: tuple[int, ...]
    windows: tuple[int, ...] = (8, 4, 14, 7)
    position_grid: int = 7


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """Memory of earlier planes (SAM 2, arXiv:2408.00714, section 4).

    Parameters
    ----------
    dim : int
        Channels of a memory.
    masks : int
        How many planes are remembered.
    pointers : int
        How many object pointers are attended to.
    layers : int
        Blocks of the memory attention.
    embed_no_object : bool
        A plane without the object is marked in its memory (2.1).
    pointer_times : bool
        The age of an object pointer is encoded (2.1).
    pooling : {"none", "scores", "keys"}
        Memories of more than one plane are averaged over 2 x 2 places, and the logarithm of four is
        added to their scores or to their keys (EfficientTAM's ``_1`` and ``_2``,
        arXiv:2411.18933).
    """

    dim: int = 64
    masks: int = 7
    pointers: int = 16
    layers: int = 4
    embed_no_object: bool = True
    pointer_times: bool = True
    pooling: Literal["none", "scores", "keys"] = "none"


TrunkConfig = VitConfig | TinyVitConfig | HieraConfig


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Architecture of a :class:`~napari_sam.model.sam.Sam`: which weights exist, in which shapes.

    How the masks of the model become an answer is an
    :class:`~napari_sam.model.answer_policy.AnswerPolicy`.

    No public checkpoint has exactly the parts of the built-in model, so each part is a switch:
    SAM 1 is the plain decoder without high-resolution features and object score, SAM 2.1 has both.

    Parameters
    ----------
    name : str
        Name under which the model is loaded and cached.
    trunk : VitConfig, TinyVitConfig or HieraConfig
        Image encoder.
    image_size : int
        Side of the largest window, model pixels.
    resize : {"none", "longest", "square"}
        How a window comes to model pixels: as it is, padded to whole patches; its longest side
        resized to `image_size` and the rest padded (SAM 1); resized to a square (SAM 2).
    pixel_mean, pixel_std : tuple of float
        Normalisation of RGB values in 0..255.
    proposals : bool
        Head for object centres and foreground at stride 4, from the high-resolution features.
    proposal_boxes : bool
        The head also tells how far the object under each cell reaches.
    instance_decoder : {"bilinear", "transposed"} or None
        UNETR decoder of micro-sam for automatic segmentation, and how it enlarges.
    prompt_dim : int
        Width ``D`` of the image embedding, prompts and decoder.
    mask_dim : int
        Channels of the stride 4 mask features (SAM: ``D / 8``).
    mask_prompt_dim : int
        Channels of a mask prompt at the stride of the image embedding, before the last projection.
    decoder_depth, decoder_heads, decoder_mlp_dim : int
        Two-way transformer.
    high_res_features : bool
        The decoder adds features of stride 8 and 4 while it enlarges the mask.
    position_scale : tuple of float
        Smallest and largest standard deviation of the gaussian frequencies, log-spaced over the
        columns; ``(1, 1)`` is SAM's.
    object_score : bool
        Token and head that say whether there is an object at the prompt at all.
    iou_sigmoid : bool
        The predicted IoU is a logit (SAM 2).
    point_features : bool
        Point embeddings also carry the stride 4 feature under the point.
    prompt_maps : bool
        The prompts are also drawn at stride 4, where the mask is made, so that a mask can be local
        to its prompt below the size of a patch.
    padding_point : {"points", "no_box", "always"}
        When the point that is none is appended: to points; to points without a box (SAM 1);
        to points and boxes (SAM 2).
    memory : MemoryConfig or None
        Memory of earlier planes.
    """

    name: str
    trunk: TrunkConfig
    image_size: int = 1024
    resize: Literal["none", "longest", "square"] = "none"
    pixel_mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    pixel_std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    proposals: bool = False
    proposal_boxes: bool = False
    instance_decoder: Literal["bilinear", "transposed"] | None = None
    prompt_dim: int = 256
    mask_dim: int = 32
    mask_prompt_dim: int = 16
    decoder_depth: int = 2
    decoder_heads: int = 8
    decoder_mlp_dim: int = 2048
    high_res_features: bool = False
    position_scale: tuple[float, float] = (1.0, 1.0)
    object_score: bool = False
    iou_sigmoid: bool = False
    point_features: bool = False
    prompt_maps: bool = False
    padding_point: Literal["points", "no_box", "always"] = "no_box"
    memory: MemoryConfig | None = None

    @property
    def grid_size(self) -> int:
        """Side of the image embedding of the largest window."""
        return self.image_size // PATCH

    @property
    def proposal_channels(self) -> int:
        """Channels of the proposal head: centre and foreground, then four sides of a box."""
        return self.proposals * (2 + 4 * self.proposal_boxes)

    @property
    def knows_windows(self) -> bool:
        """Whether it was trained on windows of any size, anywhere on its positional grid."""
        return self.resize == "none"
