"""Losses for masks, predicted IoU, object score and proposals."""

import torch
from torch import Tensor
from torch.nn import functional

from .targets import Targets

BORDER_WEIGHT = 2.0  # extra weight of the cross-entropy on the border of an object
BOX_WEIGHT = 0.25  # weight of the error of boxes in the proposal loss
HOLD_WEIGHT = 0.3  # weight of the former answer of the proposal head where nothing is known


def resample(logits: Tensor, factor: int) -> Tensor:
    """Resize logits ``(B, C, M, h, w)`` by ``factor``, bilinearly as at inference."""
    b, c = logits.shape[:2]
    up = functional.interpolate(
        logits.flatten(0, 1), scale_factor=factor, mode="bilinear", align_corners=False
    )
    resized: Tensor = up.unflatten(0, (b, c))
    return resized


def mask_loss(logits: Tensor, target: Tensor, near_border: Tensor | None = None) -> Tensor:
    """Cross-entropy and dice loss (arXiv:1606.04797) of each mask.

    The cross-entropy is divided by the area of the object. Divided by the area of the window, it
    would vanish for the objects of microscopy, of which many cover a thousandth of the window.

    Parameters
    ----------
    logits : Tensor
        ``(B, C, M, h, w)`` float.
    target : Tensor
        ``(B, C, 1, h, w)`` in 0..1, soft at the borders.
    near_border : Tensor or None
        ``(B, 1, 1, h, w)`` in 0..1, extra weight of the cross-entropy: a few pixels between two
        neighbours decide whether they are separated (arXiv:1505.04597, section 3).

    Returns
    -------
    Tensor
        ``(B, C, M)`` float.
    """
    target = target.expand_as(logits)
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    if near_border is not None:
        entropy = entropy * (1 + BORDER_WEIGHT * near_border)
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


def proposal_loss(
    proposals: Tensor | None, targets: Targets, complete: Tensor | None = None
) -> Tensor:
    """Cross-entropy of centre and foreground, plus smooth L1 loss of boxes at cells of objects.

    Parameters
    ----------
    proposals : Tensor or None
        ``(B, 6, h, w)``, see :class:`~napari_sam.model.features.ImageFeatures`.
    targets : Targets
        Dense targets.
    complete : Tensor or None
        See :class:`~napari_sam.learning.batch.Batch`; windows that are not complete teach boxes
        alone.

    Raises
    ------
    ValueError
        If the model has no proposal head.
    """
    if proposals is None:
        raise ValueError("only models with a proposal head can be trained")
    proposals = proposals.float()
    target = torch.stack([targets.centre, targets.foreground], dim=1)
    weight = None if complete is None else complete[:, None, None, None]
    entropy = functional.binary_cross_entropy_with_logits(proposals[:, :2], target, weight)
    return entropy + BOX_WEIGHT * _side_loss(proposals, targets)


def _side_loss(proposals: Tensor, targets: Targets) -> Tensor:
    """Smooth L1 loss of the sides of boxes, where a cell lies in an object."""
    # inference reads boxes at the centres, so other cells get little weight
    weight = targets.has_object * (0.1 + targets.centre)
    error = functional.smooth_l1_loss(proposals[:, 2:], targets.sides, reduction="none", beta=0.1)
    return (error.mean(1) * weight).sum() / weight.sum().clamp(min=1)


def partial_proposal_loss(
    proposals: Tensor, before: Tensor, targets: Targets, known: Tensor
) -> Tensor:
    """Proposal loss of windows in which only some pixels are known.

    Elsewhere the head is held to its former answer: without that, it forgets all objects that were
    not accepted.

    Parameters
    ----------
    proposals, before : Tensor
        ``(B, 6, h, w)``: proposals of the model, and of the model before it learned.
    targets : Targets
        Dense targets.
    known : Tensor
        ``(B, h, w)`` bool: cells whose pixels are all known.

    Returns
    -------
    Tensor
        Scalar.
    """
    target = torch.stack([targets.centre, targets.foreground], dim=1)
    known = known[:, None].float()
    taught = functional.binary_cross_entropy_with_logits(proposals[:, :2], target, reduction="none")
    held = functional.binary_cross_entropy_with_logits(
        proposals[:, :2], before[:, :2].sigmoid(), reduction="none"
    )
    entropy = (taught * known + HOLD_WEIGHT * held * (1 - known)).mean()
    return entropy + BOX_WEIGHT * _side_loss(proposals, targets)


def prompt_loss(
    logits: Tensor,
    iou: Tensor,
    score: Tensor,
    target: Tensor,
    candidate: Tensor,
    near_border: Tensor | None = None,
) -> Tensor:
    """Loss of the answers to one prompt of each object.

    Parameters
    ----------
    logits : Tensor
        ``(B, C, M, h, w)`` mask logits. Token 0 is the single mask; of the candidates, tokens 1
        to 3 if present, only the best is trained (arXiv:2304.02643, section 3).
    iou : Tensor
        ``(B, C, M)`` predicted IoU.
    score : Tensor
        ``(B, C, 1)`` object score logit.
    target, candidate : Tensor
        ``(B, C, 1, h, w)`` in 0..1: of the single mask, and of the best candidate.
    near_border : Tensor or None
        See :func:`mask_loss`.

    Returns
    -------
    Tensor
        Scalar.
    """
    present = target.flatten(2).amax(-1) > 0.5
    weight = present.float()
    count = weight.sum().clamp(min=1)
    loss = (mask_loss(logits[:, :, :1], target, near_border)[..., 0] * weight).sum() / count
    truth = true_iou(logits, target)
    if logits.shape[2] > 1:
        best = mask_loss(logits[:, :, 1:], candidate, near_border).amin(-1)
        loss = loss + 0.5 * (best * weight).sum() / count
        truth = torch.cat([truth[..., :1], true_iou(logits[:, :, 1:], candidate)], -1)
    error = ((iou - truth) ** 2).mean(-1)
    loss = loss + (error * weight).sum() / count
    return loss + 0.5 * functional.binary_cross_entropy_with_logits(score[..., 0], weight)
