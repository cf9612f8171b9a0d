"""Mask decoder: predicts masks, their IoU and the object score from prompts and image.

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

MASK_TOKENS = 4  # one for the single mask, three for the candidates
SINGLE_MASK = slice(0, 1)  # mask token of the answer without `multimask_output`
CANDIDATES = slice(1, MASK_TOKENS)  # mask tokens of part, whole and cluster
NO_HEAD_SCORE = 10.0  # object score of models without the head: an object is assumed
STABILITY_DELTA = 0.05  # shift of the logit threshold in the stability score (SAM 2's setting)
STABILITY_THRESHOLD = 0.98  # stability score below which the best candidate is the answer


@dataclass(frozen=True, slots=True, eq=False)
class MaskPrediction:
    """Predicted masks of ``C`` objects in ``B`` windows.

    Parameters
    ----------
    low_res_logits : Tensor
        ``(B, C, M, H/4, W/4)`` float; positive inside of the object.
    iou_predictions : Tensor
        ``(B, C, M)`` float: predicted IoU of each mask with the object.
    object_score : Tensor
        ``(B, C, 1)`` float logit that there is an object; +10 for models without the head.
    mask_tokens : Tensor
        ``(B, C, M, D)`` float: output tokens of the masks, of which object pointers are made.
    """

    low_res_logits: Tensor
    iou_predictions: Tensor
    object_score: Tensor
    mask_tokens: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PreparedImage:
    """Part of the decoder's computation that is shared by all prompts on an image.

    Parameters
    ----------
    tokens : ImageTokens
        Image embedding plus dense embeddings.
    fine : FineFeatures
        High-resolution features in the order of the upscaling.
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
        """Compute the part that depends on no point and no box.

        Parameters
        ----------
        image_embedding : Tensor
            ``(B, D, h, w)``.
        image_pe : Tensor
            ``(h, w, D)`` positional encoding of the window.
        dense_embeddings : Tensor
            ``(B, C, D, h, w)`` or broadcastable to it.
        high_res_features : tuple of Tensor
            Stride 8 and stride 4 features, or an empty tuple.

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
        """Predict the masks of ``C`` objects in one pass.

        Parameters
        ----------
        image : PreparedImage
            From :meth:`prepare`.
        sparse_embeddings : Tensor or None
            ``(B, C, n, D)`` from the prompt encoder.
        prompt_maps : Tensor or None
            ``(B, C, mask_dim, 4h, 4w)``.
        masks : slice
            Which of the four mask tokens to predict masks for: the single mask is the first.

        Returns
        -------
        MaskPrediction
        """
        b, c = image.tokens.tokens.shape[:2]
        stabilises = self.stable_single_mask and masks == SINGLE_MASK
        predicted = slice(0, MASK_TOKENS) if stabilises else masks
        first = 0 if self.object_score_token is None else 1
        tokens = self._tokens(b, c, sparse_embeddings)
        tokens, updated = self.transformer(image.tokens, tokens, first + 1 + predicted.stop)
        ious = self.iou_head(tokens[:, :, first])
        ious = ious.sigmoid() if self.iou_sigmoid else ious
        score = self._object_score(tokens)
        tokens = tokens[:, :, first + 1 :]
        kernels = self._hypernetworks(tokens, predicted)
        cells = self.upscaling(updated, image.fine, prompt_maps, kernels)
        logits = from_cells(cells, *image.shape)
        prediction = MaskPrediction(logits, ious[..., predicted], score, tokens[:, :, predicted])
        return _stable(prediction) if stabilises else prediction

    def _tokens(self, batch: int, classes: int, sparse: Tensor | None) -> Tensor:
        """Output tokens (IoU, masks, object score) and ``n`` prompts, ``(B, C, 5 or 6 + n, D)``."""
        output = [self.iou_token.weight, self.mask_tokens.weight]
        if self.object_score_token is not None:
            output.insert(0, self.object_score_token.weight)
        tokens = torch.cat(output)
        if sparse is None:
            return tokens.expand(batch, classes, -1, -1)
        return torch.cat([tokens.expand(*sparse.shape[:2], -1, -1), sparse], dim=2)

    def _hypernetworks(self, tokens: Tensor, masks: slice) -> Tensor:
        """Weights ``(B, C, M, mask_dim)`` of the chosen masks from mask tokens ``(B, C, 4, D)``."""
        chosen = range(MASK_TOKENS)[masks]
        return torch.stack([self.hypernetworks[i](tokens[:, :, i]) for i in chosen], dim=2)

    def _object_score(self, tokens: Tensor) -> Tensor:
        """Logit ``(B, C, 1)`` from the first token."""
        if self.object_score_head is None:
            return tokens.new_full((*tokens.shape[:2], 1), NO_HEAD_SCORE)
        score: Tensor = self.object_score_head(tokens[:, :, 0])
        return score


def _stable(four: MaskPrediction) -> MaskPrediction:
    """Single mask of each object, or the best of the three candidates if it is unstable.

    The stability score is the IoU of the masks at thresholds ``+STABILITY_DELTA`` and
    ``-STABILITY_DELTA`` (``dynamic_multimask_via_stability`` in SAM 2's code).
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
        four.mask_tokens[:, :, SINGLE_MASK],  # of the single mask always, as in the reference
    )
