"""Low rank: matrices of a model that learn by few numbers."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import Parameter

RANK = 4
"""Rank of the difference that a matrix may learn."""


class LowRank:
    """Differences ``left @ right`` of a low rank for some weights (LoRA, arXiv:2106.09685).

    The weights themselves are updated after each step, so that the model stays an ordinary one.

    Parameters
    ----------
    weights : sequence of Parameter
        Matrices and kernels. Those without room for a lower rank are left out, and frozen.

    Attributes
    ----------
    factors : list of Parameter
        What an optimizer changes.
    """

    def __init__(self, weights: Sequence[Parameter]) -> None:
        random = torch.Generator().manual_seed(0)
        self._weights: list[tuple[Parameter, Tensor, Parameter, Parameter]] = []
        for weight in weights:
            rows, cols = weight.flatten(1).shape
            weight.requires_grad_(min(rows, cols) > RANK)
            if weight.requires_grad:
                right = torch.randn(RANK, cols, generator=random) / math.sqrt(cols)
                left = Parameter(weight.new_zeros(rows, RANK))
                factors = left, Parameter(right.to(weight.device))
                self._weights.append((weight, weight.detach().clone(), *factors))
        self.factors = [factor for _, _, *pair in self._weights for factor in pair]

    @torch.no_grad()
    def take_gradients(self) -> None:
        """Move the gradients of the weights to the factors."""
        for weight, _, left, right in self._weights:
            left.grad = right.grad = None
            if weight.grad is not None:
                gradient = weight.grad.flatten(1)
                left.grad, right.grad = gradient @ right.T, left.T @ gradient
                weight.grad = None

    @torch.no_grad()
    def update(self) -> None:
        """Set the weights from the factors."""
        for weight, base, left, right in self._weights:
            weight.copy_(base + (left @ right).view_as(base))


def factorise(difference: Tensor, rank: int = RANK) -> tuple[Tensor, Tensor] | None:
    """Split a difference learned by :class:`LowRank` into its factors.

    Parameters
    ----------
    difference : Tensor
        ``(rows, ...)`` float.
    rank : int
        Largest rank.

    Returns
    -------
    tuple of Tensor or None
        ``(rows, rank)`` and ``(rank, cols)``, of equal size; None if they would take more room.
    """
    matrix = difference.flatten(1)
    rows, cols = matrix.shape
    if rank * (rows + cols) >= rows * cols:
        return None
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    root = values[:rank].sqrt()
    return left[:, :rank] * root, root[:, None] * right[:rank]
