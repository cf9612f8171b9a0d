"""Architecture of a Segment Anything model as frozen values."""

from dataclasses import dataclass
from typing import Literal

PATCH = 16
"""Model pixels of one cell of the image embedding, in every family."""


@dataclass(frozen=True, slots=True)
class VitConfig:
    """Plain vision transformer (arXiv:2010.11929): SAM 1, EfficientTAM, the built-in model.

    Parameters
    ----------
    dim, depth, heads : int
        Width, number of blocks and attention heads.
    window : int
        Side of an attention window in tokens.
    global_blocks : tuple of int
        Indices of the blocks with global attention instead of windows.
    relative_positions : bool
        Add decomposed relative positional embeddings to the attention scores (SAM 1;
        arXiv:2112.01526).
    high_res_layers : tuple of int
        Indices of the blocks whose outputs feed the stride 8 and the stride 4 features; empty
        without high-resolution features.
    conv_path : bool
        Add convolutions at stride 2, 4 and 8 whose features join the tokens and the
        high-resolution features. A 16 px patch blurs thin and small objects, these do not.
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
    """TinyViT (arXiv:2207.10666) with the widths and depths of MobileSAM.

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
    """Hiera (arXiv:2306.00989) with a feature pyramid, the image encoder of SAM 2.

    Parameters
    ----------
    dim, heads : int
        Width and attention heads of the first stage; both double from stage to stage.
    depths : tuple of int
        Blocks of each stage.
    global_blocks : tuple of int
        Indices of the blocks with global attention.
    windows : tuple of int
        Side of an attention window in each stage.
    position_grid : int
        Side, in cells, of the learned global positional embedding, which is resized to the grid
        of tokens (arXiv:2311.05613).
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
        Largest number of planes in memory, the prompted one included.
    pointers : int
        Largest number of planes whose object pointers are attended to.
    layers : int
        Blocks of the memory attention.
    embed_no_object : bool
        Add a learned vector to the memory of a plane without the object (SAM 2.1).
    pointer_times : bool
        Encode the distance in planes of an object pointer (SAM 2.1).
    pooling : {"none", "scores", "keys"}
        Average memories of more than one plane over 2 x 2 tokens, and add the logarithm of four to
        their scores or to their keys (EfficientTAM's ``_1`` and ``_2``, arXiv:2411.18933).
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
    """Architecture of a :class:`~napari_sam.model.sam.Sam`: its layers and their widths.

    How an answer is chosen from the predicted masks is an
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
        Side of the largest window in model pixels.
    resize : {"none", "longest", "square"}
        How a window becomes the encoder's input: pixels unchanged and padded to whole patches;
        longest side resized to `image_size` and padded to a square (SAM 1); both sides resized to
        `image_size` (SAM 2).
    pixel_mean, pixel_std : tuple of float
        Normalisation of each channel of RGB values in 0..255.
    proposals : bool
        Head that predicts object centres and foreground at stride 4.
    proposal_boxes : bool
        The proposal head also predicts the box of the object under each cell.
    instance_decoder : {"bilinear", "transposed"} or None
        Upsampling of micro-sam's UNETR decoder for automatic segmentation; None without decoder.
    prompt_dim : int
        Width ``D`` of the image embedding, prompts and decoder.
    mask_dim : int
        Channels of the stride 4 mask features (SAM: ``D / 8``).
    mask_prompt_dim : int
        Channels of a mask prompt at the stride of the image embedding, before the last projection.
    decoder_depth, decoder_heads, decoder_mlp_dim : int
        Blocks, attention heads and width of the perceptron of the two-way transformer.
    high_res_features : bool
        Add encoder features of stride 8 and 4 while the decoder upscales (SAM 2).
    position_scale : tuple of float
        Smallest and largest standard deviation of the gaussian frequencies, log-spaced over the
        columns; ``(1, 1)`` is SAM's.
    object_score : bool
        Token and head that predict whether there is an object at the prompt (SAM 2).
    iou_sigmoid : bool
        The IoU head predicts a logit (SAM 2) instead of the IoU.
    point_features : bool
        Add the stride 4 feature under a point to its embedding.
    prompt_maps : bool
        Draw the prompts at stride 4 too, where the mask is made, so that a mask can follow its
        prompt below the size of a patch.
    padding_point : {"points", "no_box", "always"}
        Prompts to which a padding point (label -1) is appended: all with points; points without a
        box (SAM 1); all with points or boxes (SAM 2).
    memory : MemoryConfig or None
        Memory of earlier planes (SAM 2); None without.
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
        """Side, in tokens, of the image embedding of the largest window."""
        return self.image_size // PATCH

    @property
    def proposal_channels(self) -> int:
        """Channels of the proposal head: centre, foreground, four sides of a box; 0 without."""
        return self.proposals * (2 + 4 * self.proposal_boxes)

    @property
    def knows_windows(self) -> bool:
        """Whether the encoder takes windows of any size, anywhere on its positional grid."""
        return self.resize == "none"
