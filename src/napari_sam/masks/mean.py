"""Mean: two answers about the same object as one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_sam.model.mask_decoder import MASK_TOKENS

from .decode import Answer

LARGEST_LOGIT = 10.0
"""Logit, of either sign, beyond which an answer counts no more in the mean."""


def mean_of(first: Answer, second: Answer) -> Answer:
    """The mean of two answers from the same tile.

    Returns
    -------
    Answer
        The first, with the mean of the logits and of the predicted IoU of both.
    """
    logits = [
        answer.low_res_logits.clip(-LARGEST_LOGIT, LARGEST_LOGIT) for answer in (first, second)
    ]
    return replace(
        first, low_res_logits=(logits[0] + logits[1]) / 2, iou=(first.iou + second.iou) / 2
    )


def agreement(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """IoU of the masks of two arrays of logits of the same shape, 0 to 1; 0 if both are empty."""
    one, other = first > 0, second > 0
    return int(np.count_nonzero(one & other)) / max(1, int(np.count_nonzero(one | other)))


def best_of(answers: Sequence[Answer]) -> Answer:
    """The answer that the decoder's masks of one object give together.

    Parameters
    ----------
    answers : sequence of Answer
        The single mask and all candidates, or some of these; from the same tile.

    Returns
    -------
    Answer
        Of all masks, the mean of the single mask and the best candidate; its predicted IoU is
        averaged with their agreement. Of fewer, the one of the highest predicted IoU.
    """
    if len(answers) < MASK_TOKENS:
        return max(answers, key=lambda answer: answer.iou)
    single, *candidates = answers
    best = max(candidates, key=lambda answer: answer.iou)
    return mean_with_agreement(single, best)


def mean_with_agreement(first: Answer, second: Answer) -> Answer:
    """The mean of two answers from the same tile, its predicted IoU averaged with their agreement.

    Two answers to the same question agree where both are right.
    """
    mean = mean_of(first, second)
    return replace(
        mean, iou=(mean.iou + agreement(first.low_res_logits, second.low_res_logits)) / 2
    )
