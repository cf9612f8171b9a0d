"""Mask decoder: tokens and image to masks, their IoU and the object score.

Sources: SAM (arXiv:2304.02643) for tokens, two-way transformer, hypernetworks and IoU head;
SAM 2 (arXiv:2408.00714) for the high-resolution features and the object score.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .layers import HeadMlp
from .transformer import ImageTokens, TwoWayTransformer, flatten_image
from .upscaling import FineFeatures, Upscaling, from_cells

MASK_TOKENS = 4
SINGLE_MASK = slice(0, 1)
CANDIDATES = slice(1, MASK_TOKENS)
NO_HEAD_SCORE = 10.0  # object score of a model that has no such head: there is an object
STABILITY_DELTA = 0.05  # logits by which a stable mask hardly changes (SAM 2's configuration)
STABILITY_THRESHOLD = 0.98


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
    mask_tokens : Tensor
        ``(B, C, M, D)`` float, the tokens that made the masks.
    """

    low_res_logits: Tensor
    iou_predictions: Tensor
    object_score: Tensor
    mask_tokens: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PreparedImage:
    """What the decoder computes of an image once, for all clicks.

    Parameters
    ----------
    tokens : ImageTokens
        Image and dense prompt.
    fine : FineFeatures
        High-resolution features.
    shape : tuple of int
        ``(h, w)`` of the image embedding.
    """

    tokens: ImageTokens
    fine: FineFeatures
    shape: tuple[int, int]


class MaskDecoder(nn.Module):
    """Predict masks from image features and prompt embeddings.

    Parameters
    ----------
    config : ModelConfig
        Widths and switches.
    stable_single_mask : bool
        As in :class:`~napari_sam.model.answer_policy.AnswerPolicy`.
    """

    def __init__(self, config: ModelConfig, stable_single_mask: bool = False) -> None:
        super().__init__()
        dim = config.prompt_dim
        self.iou_sigmoid = config.iou_sigmoid
        self.stable_single_mask = stable_single_mask
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

    def prepare(
        self,
        image_embedding: Tensor,
        image_pe: Tensor,
        dense_embeddings: Tensor,
        high_res_features: tuple[Tensor, ...],
    ) -> PreparedImage:
        """Everything that depends on no point and no box.

        Parameters
        ----------
        image_embedding : Tensor
            ``(B, D, h, w)``.
        image_pe : Tensor
            ``(h, w, D)`` positional encoding of the window.
        dense_embeddings : Tensor
            ``(B, C, D, h, w)`` or broadcastable to it.
        high_res_features : tuple of Tensor
            Stride 8 and stride 4 features, or nothing.

        Returns
        -------
        PreparedImage
        """
        h, w = image_embedding.shape[-2:]
        image = flatten_image(image_embedding[:, None] + dense_embeddings).contiguous()
        tokens = self.transformer.prepare(image, image_pe.flatten(0, 1))
        return PreparedImage(tokens, self.upscaling.prepare(high_res_features), (h, w))

    def forward(
        self,
        image: PreparedImage,
        sparse_embeddings: Tensor | None,
        prompt_maps: Tensor | None,
        masks: slice,
    ) -> MaskPrediction:
        """Predict the masks of all objects in one pass.

        Parameters
        ----------
        image : PreparedImage
            From :meth:`prepare`.
        sparse_embeddings : Tensor or None
            ``(B, C, n, D)``.
        prompt_maps : Tensor or None
            ``(B, C, mask_dim, 4h, 4w)``.
        masks : slice
            Which of the four mask tokens to answer with.

        Returns
        -------
        MaskPrediction
        """
        b, c = image.tokens.tokens.shape[:2]
        chooses = self.stable_single_mask and masks == SINGLE_MASK
        drawn = slice(0, MASK_TOKENS) if chooses else masks
        first = 0 if self.object_score_token is None else 1
        tokens = self._tokens(b, c, sparse_embeddings)
        tokens, seen = self.transformer(image.tokens, tokens, first + 1 + drawn.stop)
        ious = self.iou_head(tokens[:, :, first])
        ious = ious.sigmoid() if self.iou_sigmoid else ious
        score = self._object_score(tokens)
        tokens = tokens[:, :, first + 1 :]
        cells = self.upscaling(seen, image.fine, prompt_maps, self._hypernetworks(tokens, drawn))
        logits = from_cells(cells, *image.shape)
        prediction = MaskPrediction(logits, ious[..., drawn], score, tokens[:, :, drawn])
        return _stable(prediction) if chooses else prediction

    def _tokens(self, batch: int, classes: int, sparse: Tensor | None) -> Tensor:
        """Output tokens, then the prompts: ``(B, C, 5 or 6 + n, D)``."""
        output = [self.iou_token.weight, self.mask_tokens.weight]
        if self.object_score_token is not None:
            output.insert(0, self.object_score_token.weight)
        tokens = torch.cat(output)
        if sparse is None:
            return tokens.expand(batch, classes, -1, -1)
        return torch.cat([tokens.expand(*sparse.shape[:2], -1, -1), sparse], dim=2)

    def _hypernetworks(self, tokens: Tensor, masks: slice) -> Tensor:
        """Mask tokens ``(B, C, 4, D)`` to what draws the chosen masks: ``(B, C, M, mask_dim)``."""
        chosen = range(MASK_TOKENS)[masks]
        return torch.stack([self.hypernetworks[i](tokens[:, :, i]) for i in chosen], dim=2)

    def _object_score(self, tokens: Tensor) -> Tensor:
        if self.object_score_head is None:
            return tokens.new_full((*tokens.shape[:2], 1), NO_HEAD_SCORE)
        score: Tensor = self.object_score_head(tokens[:, :, 0])
        return score


def _stable(four: MaskPrediction) -> MaskPrediction:
    """Of all four masks the single one, or where that is unstable the best of the candidates.

    Stability is the IoU between the masks at a little higher and a little lower threshold.
    """
    single = four.low_res_logits[:, :, 0].flatten(2)
    inner = (single > STABILITY_DELTA).sum(-1)
    outer = (single > -STABILITY_DELTA).sum(-1)
    stable = inner >= STABILITY_THRESHOLD * outer
    best = four.iou_predictions[..., CANDIDATES].argmax(-1) + CANDIDATES.start
    index = torch.where(stable, 0, best)[..., None]
    b, c = (torch.arange(n, device=index.device) for n in index.shape[:2])
    place = b[:, None, None], c[None, :, None], index
    return MaskPrediction(
        four.low_res_logits[place],
        four.iou_predictions[place],
        four.object_score,
        four.mask_tokens[:, :, SINGLE_MASK],  # also then, as the reference does
    )
