"""Memory of earlier planes: encoding of planes with masks, conditioning of later planes.

Source: SAM 2 (arXiv:2408.00714, section 4), with the changes of its version 2.1, and EfficientTAM
(arXiv:2411.18933), which has the same parts.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_sam.errors import ModelError

from .config import MemoryConfig, ModelConfig
from .features import ImageFeatures
from .layers import HeadMlp
from .memory_attention import MemoryAttention, MemoryTokens
from .memory_bank import PlaneMemory, Recall
from .memory_encoder import MemoryEncoder
from .positions import sine_grid, sine_times

_MASK_SCALE, _MASK_BIAS = 20.0, -10.0  # map mask probabilities 0..1 to the encoder's -10..10
_MASK_STRIDE = 4  # model pixels


class Memory(nn.Module):
    """Memory encoder, memory attention and object pointers of a model.

    Parameters
    ----------
    config : ModelConfig
        With a `MemoryConfig`.

    Raises
    ------
    ModelError
        If the model has no memory.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = _memory_config(config)
        dim, memory_dim = config.prompt_dim, self.config.dim
        self.memory_attention = MemoryAttention(dim, self.config)
        self.memory_encoder = MemoryEncoder(dim, memory_dim)
        self.maskmem_tpos_enc = nn.Parameter(torch.zeros(self.config.masks, 1, 1, memory_dim))
        # added to the image embedding of a plane without memories
        self.no_mem_embed = nn.Parameter(torch.zeros(1, 1, dim))
        # every checkpoint has it, the reference implementation never reads it
        self.no_mem_pos_enc = nn.Parameter(torch.zeros(1, 1, dim))
        self.no_obj_ptr = nn.Parameter(torch.zeros(1, dim))
        self.no_obj_embed_spatial = (
            nn.Parameter(torch.zeros(1, memory_dim)) if self.config.embed_no_object else None
        )
        self.obj_ptr_proj = HeadMlp(dim, dim, dim, dim)
        self.obj_ptr_tpos_proj = nn.Linear(dim, memory_dim) if self.config.pointer_times else None
        self.mask_downsample = nn.Conv2d(1, 1, _MASK_STRIDE, stride=_MASK_STRIDE)

    def condition(self, features: ImageFeatures, recall: Recall) -> Tensor:
        """Image embedding of a plane, conditioned on the memories of other planes.

        Parameters
        ----------
        features : ImageFeatures
            One window of the plane.
        recall : Recall
            Memories and object pointers to attend to, from :meth:`MemoryBank.recall`.

        Returns
        -------
        Tensor
            ``(C, D, h, w)`` float, an embedding for each of the ``C`` objects in memory.
        """
        image_embedding = features.image_embedding
        grid = (image_embedding.shape[-2], image_embedding.shape[-1])
        conditioned: Tensor = self.memory_attention(image_embedding, self._tokens(recall, grid))
        return conditioned

    def remember(
        self,
        features: ImageFeatures,
        low_res_logits: Tensor,
        object_score: Tensor,
        object_pointer: Tensor,
        prompted: bool,
    ) -> PlaneMemory:
        """Encode a plane and the masks on it as a memory for later planes.

        Parameters
        ----------
        features : ImageFeatures
            One window of the plane.
        low_res_logits : Tensor
            ``(C, 4h, 4w)`` float at stride 4: the mask of each object.
        object_score : Tensor
            ``(C, 1)`` float logits.
        object_pointer : Tensor
            ``(C, D)`` from :meth:`point_at`.
        prompted : bool
            The mask answers a prompt: binarise it, since the user has seen it. Masks of other
            planes are remembered as probabilities.

        Returns
        -------
        PlaneMemory
            Features in bfloat16, as SAM 2 stores them.
        """
        logits = functional.interpolate(
            low_res_logits[:, None], scale_factor=_MASK_STRIDE, mode="bilinear"
        )
        masks = (logits > 0).to(logits.dtype) if prompted else logits.sigmoid_()
        masks = masks.mul_(_MASK_SCALE).add_(_MASK_BIAS)
        remembered = self.memory_encoder(features.image_embedding, masks)
        if self.no_obj_embed_spatial is not None:
            absent = (object_score <= 0)[..., None, None]
            remembered = remembered + absent * self.no_obj_embed_spatial[..., None, None]
        return PlaneMemory(remembered.to(torch.bfloat16), object_pointer)

    def point_at(self, mask_tokens: Tensor, object_score: Tensor) -> Tensor:
        """Object pointers: mask tokens projected to vectors that later planes attend to.

        Parameters
        ----------
        mask_tokens : Tensor
            ``(C, D)`` output tokens of the masks.
        object_score : Tensor
            ``(C, 1)`` float logits.

        Returns
        -------
        Tensor
            ``(C, D)``; the learned ``no_obj_ptr`` where the score says there is no object.
        """
        return self.or_nothing(self.obj_ptr_proj(mask_tokens), object_score)

    def or_nothing(self, object_pointer: Tensor, object_score: Tensor) -> Tensor:
        """Object pointers ``(C, D)``; ``no_obj_ptr`` unless the score ``(C, 1)`` is positive."""
        return torch.where(object_score > 0, object_pointer, self.no_obj_ptr)

    def _tokens(self, recall: Recall, grid: tuple[int, int]) -> MemoryTokens:
        """Memories and object pointers as tokens for the memory attention."""
        tokens = [memory.features.flatten(2).transpose(1, 2) for _, memory in recall.planes]
        features = torch.stack(tokens, dim=1).to(self.maskmem_tpos_enc.dtype)
        place = sine_grid(*grid, features.shape[-1], features.device)
        ages = [age for age, _ in recall.planes]
        positions = place + self.maskmem_tpos_enc[ages].flatten(1, 2)
        pointers, times = self._pointer_tokens(recall, features)
        return MemoryTokens(features, positions, pointers, times)

    def _pointer_tokens(self, recall: Recall, like: Tensor) -> tuple[Tensor, Tensor]:
        """Pointers ``(C, n, memory_dim)`` and the encoding of their times ``(n, memory_dim)``."""
        width, pointers = like.shape[-1], [memory.object_pointer for _, memory in recall.pointers]
        if not pointers:
            return like.new_empty(len(like), 0, width), like.new_empty(0, width)
        stacked = torch.stack(pointers, dim=1)
        parts = stacked.shape[-1] // width
        times = self._times([age for age, _ in recall.pointers], recall.longest, like)
        return stacked.reshape(len(like), -1, width), times.repeat_interleave(parts, dim=0)

    def _times(self, ages: Sequence[int], longest: int, like: Tensor) -> Tensor:
        """Encoding ``(n, memory_dim)`` of distances in planes; zeros in SAM 2.0."""
        if self.obj_ptr_tpos_proj is None:
            return like.new_zeros(len(ages), like.shape[-1])
        shares = like.new_tensor(ages) / max(longest, 1)
        times: Tensor = self.obj_ptr_tpos_proj(
            sine_times(shares, self.obj_ptr_tpos_proj.in_features)
        )
        return times


def _memory_config(config: ModelConfig) -> MemoryConfig:
    if config.memory is None:
        raise ModelError(f"{config.name} has no memory of other planes; choose a SAM 2 model")
    return config.memory
