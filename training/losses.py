"""Losses of masks, predicted IoU, object score and proposals."""

import torch
from torch import Tensor
from torch.nn import functional


def resample(logits: Tensor, factor: int) -> Tensor:
    """Bilinear ``(B, C, M, h, w)`` to ``factor`` times the size, as at inference."""
    b, c = logits.shape[:2]
    up = functional.interpolate(
        logits.flatten(0, 1), scale_factor=factor, mode="bilinear", align_corners=False
    )
    return up.unflatten(0, (b, c))


def mask_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy and dice of each mask.

    The cross-entropy is divided by the object's area instead of the window's: in microscopy an
    object is a thousandth of the window, and a mean over pixels would not see it.

    Parameters
    ----------
    logits : Tensor
        ``(B, C, M, h, w)``.
    target : Tensor
        ``(B, C, 1, h, w)`` in 0..1, soft at the borders.

    Returns
    -------
    Tensor
        ``(B, C, M)``.
    """
    target = target.expand_as(logits)
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    area = target.sum((-2, -1))
    local = entropy.sum((-2, -1)) / (2 * area + 40)
    probability = logits.sigmoid()
    overlap = (probability * target).sum((-2, -1))
    total = probability.sum((-2, -1)) + area
    dice = 1 - (2 * overlap + 1) / (total + 1)
    return 0.5 * local + dice


@torch.no_grad()
def true_iou(logits: Tensor, target: Tensor) -> Tensor:
    """IoU ``(B, C, M)`` of thresholded masks; shapes as in :func:`mask_loss`."""
    predicted, true = logits > 0, target > 0.5
    overlap = (predicted & true).sum((-2, -1))
    union = (predicted | true).sum((-2, -1))
    return overlap / union.clamp(min=1)


def proposal_loss(proposals: Tensor | None, centre: Tensor, foreground: Tensor) -> Tensor:
    """Cross-entropy of centre heat map and foreground; ``(B, 2, h, w)`` logits.

    Raises
    ------
    ValueError
        If the model has no proposal head.
    """
    if proposals is None:
        raise ValueError("only models with a proposal head can be trained")
    target = torch.stack([centre, foreground], dim=1)
    return functional.binary_cross_entropy_with_logits(proposals.float(), target)


def prompt_loss(
    logits: Tensor, iou: Tensor, score: Tensor, target: Tensor, candidate: Tensor
) -> Tensor:
    """Loss of one answer.

    Parameters
    ----------
    logits : Tensor
        ``(B, C, M, h, w)`` mask logits; token 0 is the object, tokens 1 to 3, where present, are
        candidates of which the best counts.
    iou : Tensor
        ``(B, C, M)`` predicted IoU.
    score : Tensor
        ``(B, C, 1)`` object score logit.
    target, candidate : Tensor
        ``(B, C, 1, h, w)`` in 0..1.

    Returns
    -------
    Tensor
        Scalar.
    """
    present = target.flatten(2).amax(-1) > 0.5
    weight = present.float()
    count = weight.sum().clamp(min=1)
    loss = (mask_loss(logits[:, :, :1], target)[..., 0] * weight).sum() / count
    truth = true_iou(logits, target)
    if logits.shape[2] > 1:
        best = mask_loss(logits[:, :, 1:], candidate).amin(-1)
        loss = loss + 0.5 * (best * weight).sum() / count
        truth = torch.cat([truth[..., :1], true_iou(logits[:, :, 1:], candidate)], -1)
    error = ((iou - truth) ** 2).mean(-1)
    loss = loss + (error * weight).sum() / count
    return loss + 0.5 * functional.binary_cross_entropy_with_logits(score[..., 0], weight)
