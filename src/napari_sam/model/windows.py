"""Windows of tokens, between which windowed attention does not look."""

import torch
from torch import Tensor


def partition_windows(x: Tensor, window: int, fill: Tensor) -> Tensor:
    """Cut ``(B, h, w, dim)`` into ``(B * n, window, window, dim)``.

    What the last windows lack is filled with ``fill`` ``(dim,)``: padding by zeros before a linear
    layer is padding by its bias after it.
    """
    b, h, w, dim = x.shape
    rows, cols = -(-h // window), -(-w // window)
    if (h, w) != (rows * window, cols * window):
        padded = fill.expand(b, rows * window, cols * window, dim).clone()
        padded[:, :h, :w] = x
        x = padded
    x = x.view(b, rows, window, cols, window, dim).transpose(2, 3)
    return x.reshape(b * rows * cols, window, window, dim)


def join_windows(windows: Tensor, window: int, shape: torch.Size | tuple[int, ...]) -> Tensor:
    """Inverse of :func:`partition_windows`; ``shape`` is the original ``(B, h, w, ...)``."""
    b, h, w = shape[:3]
    rows, cols = -(-h // window), -(-w // window)
    x = windows.reshape(b, rows, cols, window, window, -1).transpose(2, 3)
    return x.reshape(b, rows * window, cols * window, -1)[:, :h, :w]
