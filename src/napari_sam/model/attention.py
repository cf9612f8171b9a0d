"""Attention over many tokens, block by block: the scores of all pairs would fill the memory.

Without gradients on a CPU, the scores of 128 queries of one head at a time stay in the processor's
cache (2 MB for 4096 tokens). Torch's fused kernel needs twice the time: its products take the
slower of two libraries (see :func:`~napari_sam.model.layers.product`), and no less in bfloat16.
"""

import torch
from torch import Tensor

from .layers import product

_QUERIES_AT_ONCE = 128
_MANY_TOKENS = 1024  # tokens from which parts pay; windows of attention have fewer


def attends_in_parts(q: Tensor) -> bool:
    """Whether :func:`attend_in_parts` is the faster way for queries ``(n, heads, N, head_dim)``."""
    is_large = q.device.type == "cpu" and q.shape[2] >= _MANY_TOKENS
    return is_large and not torch.is_grad_enabled()


def attend_in_parts(
    q: Tensor, k: Tensor, v: Tensor, bias: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """Scaled dot-product attention (arXiv:1706.03762), 128 queries of one head at a time.

    Parameters
    ----------
    q, k, v : Tensor
        ``(n, heads, N, head_dim)`` float32 or bfloat16; softmax is computed in float32.
    bias : tuple of Tensor, optional
        Bias of each query for the row and for the column of a key, on a grid of ``h * w = N`` keys
        (arXiv:2112.01526): ``(n, heads, N, h)`` and ``(n, heads, N, w)``.

    Returns
    -------
    Tensor
        ``(n, N, heads, head_dim)``.
    """
    out = q.new_empty(q.shape[0], q.shape[2], q.shape[1], q.shape[3])
    for image in range(q.shape[0]):
        for head in range(q.shape[1]):
            along = None if bias is None else (bias[0][image, head], bias[1][image, head])
            q_head, k_head, v_head = (x[image, head] for x in (q, k, v))
            _attend_head(q_head, k_head, v_head, along, out[image, :, head])
    return out


def _attend_head(
    q: Tensor, k: Tensor, v: Tensor, bias: tuple[Tensor, Tensor] | None, out: Tensor
) -> None:
    """Attention of one head, ``(N, head_dim)`` each, written into ``out``."""
    q, keys, values = q * q.shape[-1] ** -0.5, k.contiguous(), v.t().contiguous()
    for first in range(0, len(q), _QUERIES_AT_ONCE):
        part = slice(first, first + _QUERIES_AT_ONCE)
        scores = product(q[part], keys).float()
        if bias is not None:
            rows, cols = bias[0][part], bias[1][part]
            on_grid = scores.view(-1, rows.shape[1], cols.shape[1])
            on_grid.add_(rows[:, :, None]).add_(cols[:, None, :])
        out[part] = product(scores.softmax(-1).to(values.dtype), values)
