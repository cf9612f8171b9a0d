"""Partition of a grid of tokens into the windows of windowed attention (arXiv:2203.16527)."""

from collections.abc import Iterator

import torch
from torch import Tensor

from .buffers import Buffers


def partition_windows(x: Tensor, window: int, fill: Tensor, buffers: Buffers) -> Tensor:
    """Cut ``(B, h, w, dim)`` into ``(B * n, window, window, dim)``.

    The last windows of a row or column are padded with ``fill`` ``(dim,)``: the bias of the linear
    layer before, which is that layer's output for zeros. The result lies in the buffer ``windows``.
    """
    b, h, w, dim = x.shape
    rows, cols = -(-h // window), -(-w // window)
    windows = buffers.take("windows", (b, rows, cols, window, window, dim), x)
    if h % window:
        windows[:, -1] = fill
    if w % window:
        windows[:, :, -1] = fill
    for windowed, unwindowed in _parts(windows, x, window):
        windowed.copy_(unwindowed)
    return windows.view(b * rows * cols, window, window, dim)


def join_windows(
    windows: Tensor, window: int, shape: torch.Size | tuple[int, ...], buffers: Buffers
) -> Tensor:
    """Inverse of :func:`partition_windows`; ``shape`` is the original ``(B, h, w, ...)``.

    The result lies in the buffer ``joined``.
    """
    b, h, w = shape[:3]
    rows, cols = -(-h // window), -(-w // window)
    windows = windows.reshape(b, rows, cols, window, window, -1)
    x = buffers.take("joined", (b, h, w, windows.shape[-1]), windows)
    for windowed, unwindowed in _parts(windows, x, window):
        unwindowed.copy_(windowed)
    return x


def _parts(windows: Tensor, x: Tensor, window: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs of views of the same tokens in ``windows`` and in ``x``, with and without padding."""
    grid = windows.transpose(2, 3)
    for r, height, ys in _spans(x.shape[1], window):
        for c, width, xs in _spans(x.shape[2], window):
            unwindowed = x[:, ys, xs].unflatten(2, (-1, width)).unflatten(1, (-1, height))
            yield grid[:, r, :height, c, :width], unwindowed


def _spans(size: int, window: int) -> Iterator[tuple[slice, int, slice]]:
    """Indices, tokens of each, and tokens together: of full windows, then of the partial last."""
    full, partial = divmod(size, window)
    if full:
        yield slice(0, full), window, slice(0, full * window)
    if partial:
        yield slice(full, full + 1), partial, slice(full * window, size)
