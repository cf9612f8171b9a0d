"""Mask decoder: tokens and image to masks, their IoU and the object score.

Sources: SAM (arXiv:2304.02643) for tokens, two-way transformer, hypernetworks and IoU head;
SAM 2 (arXiv:2408.00714) for the high-resolution features and the object score.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig
from .layers import HeadMlp, LayerNorm2d
from .transformer import TwoWayTransformer, flatten_image

MASK_TOKENS = 4


@dataclass(frozen=True, slots=True, eq=False)
class MaskPrediction:
    """The decoder's answer for ``C`` objects in ``B`` windows.

    Parameters
    ----------
    low_res_logits : Tensor
        ``(B, C, M, H/4, W/4)`` float; above 0 is inside.
    iou_predictions : Tensor
        ``(B, C, M)`` float, expected IoU of each mask.
    object_score : Tensor
        ``(B, C, 1)`` float logit that there is an object; +10 for models without the head.
    """

    low_res_logits: Tensor
    iou_predictions: Tensor
    object_score: Tensor


class Upscaling(nn.Module):
    """Image tokens up to stride 4, adding the high-resolution features on the way.

    With prompt maps, these are added too, and one more layer lets a pixel weigh what it looks like
    against where the prompts are.
    """

    def __init__(self, dim: int, mask_dim: int, prompt_maps: bool) -> None:
        super().__init__()
        self.dc1 = nn.ConvTranspose2d(dim, dim // 4, 2, stride=2)
        self.norm = LayerNorm2d(dim // 4)
        self.dc2 = nn.ConvTranspose2d(dim // 4, mask_dim, 2, stride=2)
        self.mix = nn.Conv2d(mask_dim, mask_dim, 1) if prompt_maps else None

    def forward(
        self, image: Tensor, high_res_features: tuple[Tensor, ...], maps: Tensor | None
    ) -> Tensor:
        """Map ``(B, C, D, h, w)`` to ``(B, C, mask_dim, 4h, 4w)``."""
        b, c = image.shape[:2]
        stride8, stride4 = high_res_features or (None, None)
        x = _add_features(self.dc1(image.flatten(0, 1)), stride8, c)
        x = functional.gelu(self.norm(x))
        x = _add_features(self.dc2(x), stride4, c)
        if maps is not None and self.mix is not None:
            x = self.mix(functional.gelu(x + maps.expand(b, c, -1, -1, -1).flatten(0, 1)))
        upscaled: Tensor = functional.gelu(x).unflatten(0, (b, c))
        return upscaled


def _add_features(x: Tensor, features: Tensor | None, classes: int) -> Tensor:
    """Add ``(B, F, h, w)`` to each of the ``C`` objects in ``(B * C, F, h, w)``."""
    if features is None:
        return x
    added: Tensor = x.unflatten(0, (-1, classes)) + features[:, None]
    return added.flatten(0, 1)


class MaskDecoder(nn.Module):
    """Predict masks from image features and prompt embeddings.

    Parameters
    ----------
    config : ModelConfig
        Widths and switches.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim = config.prompt_dim
        self.transformer = TwoWayTransformer(
            config.decoder_depth, dim, config.decoder_heads, config.decoder_mlp_dim
        )
        self.object_score_token = nn.Embedding(1, dim) if config.object_score else None
        self.object_score_head = HeadMlp(dim, dim, dim, 1) if config.object_score else None
        self.iou_token = nn.Embedding(1, dim)
        self.mask_tokens = nn.Embedding(MASK_TOKENS, dim)
        self.upscaling = Upscaling(dim, config.mask_dim, config.prompt_maps)
        self.hypernetworks = nn.ModuleList(
            HeadMlp(dim, dim, dim, config.mask_dim) for _ in range(MASK_TOKENS)
        )
        self.iou_head = HeadMlp(dim, dim, dim, MASK_TOKENS)

    def forward(
        self,
        image_embedding: Tensor,
        image_pe: Tensor,
        sparse_embeddings: Tensor | None,
        dense_embeddings: Tensor,
        high_res_features: tuple[Tensor, ...],
        prompt_maps: Tensor | None,
        masks: slice,
    ) -> MaskPrediction:
        """Predict the masks of all objects in one pass.

        Parameters
        ----------
        image_embedding : Tensor
            ``(B, D, h, w)``.
        image_pe : Tensor
            ``(h, w, D)`` positional encoding of the window.
        sparse_embeddings : Tensor or None
            ``(B, C, n, D)``.
        dense_embeddings : Tensor
            ``(B, C, D, h, w)`` or broadcastable to it.
        high_res_features : tuple of Tensor
            Stride 8 and stride 4 features, or nothing.
        prompt_maps : Tensor or None
            ``(B, C, mask_dim, 4h, 4w)``.
        masks : slice
            Which of the four mask tokens to answer with.

        Returns
        -------
        MaskPrediction
        """
        h, w = image_embedding.shape[-2:]
        image = flatten_image(image_embedding[:, None] + dense_embeddings)
        tokens = self._tokens(len(image_embedding), image.shape[1], sparse_embeddings)
        tokens, image = self.transformer(image, image_pe.flatten(0, 1), tokens)
        first = 0 if self.object_score_token is None else 1
        mask_tokens = tokens[:, :, first + 1 : first + 1 + MASK_TOKENS]
        image = image.transpose(2, 3).unflatten(-1, (h, w))
        upscaled = self.upscaling(image, high_res_features, prompt_maps)
        return MaskPrediction(
            self._masks(mask_tokens, upscaled, masks),
            self.iou_head(tokens[:, :, first])[..., masks],
            self._object_score(tokens),
        )

    def _tokens(self, batch: int, classes: int, sparse: Tensor | None) -> Tensor:
        """Output tokens, then the prompts: ``(B, C, 5 or 6 + n, D)``."""
        output = [self.iou_token.weight, self.mask_tokens.weight]
        if self.object_score_token is not None:
            output.insert(0, self.object_score_token.weight)
        tokens = torch.cat(output)
        if sparse is None:
            return tokens.expand(batch, classes, -1, -1)
        return torch.cat([tokens.expand(*sparse.shape[:2], -1, -1), sparse], dim=2)

    def _masks(self, tokens: Tensor, upscaled: Tensor, masks: slice) -> Tensor:
        """Hypernetworks: ``(B, C, M, 4h, 4w)`` logits."""
        chosen = range(MASK_TOKENS)[masks]
        weights = torch.stack([self.hypernetworks[i](tokens[:, :, i]) for i in chosen], dim=2)
        logits: Tensor = (weights @ upscaled.flatten(3)).unflatten(-1, upscaled.shape[-2:])
        return logits

    def _object_score(self, tokens: Tensor) -> Tensor:
        if self.object_score_head is None:
            return tokens.new_full((*tokens.shape[:2], 1), 10.0)
        score: Tensor = self.object_score_head(tokens[:, :, 0])
        return score
