"""Windows of tokens, between which windowed attention does not look."""

from collections.abc import Iterator

import torch
from torch import Tensor

from .buffers import Buffers


def partition_windows(x: Tensor, window: int, fill: Tensor, buffers: Buffers) -> Tensor:
    """Cut ``(B, h, w, dim)`` into ``(B * n, window, window, dim)``.

    What the last windows lack is filled with ``fill`` ``(dim,)``: padding by zeros before a linear
    layer is padding by its bias after it. Valid until the buffers's next windows.
    """
    b, h, w, dim = x.shape
    rows, cols = -(-h // window), -(-w // window)
    windows = buffers.take("windows", (b, rows, cols, window, window, dim), x)
    if h % window:
        windows[:, -1] = fill
    if w % window:
        windows[:, :, -1] = fill
    for inside, here in _parts(windows, x, window):
        inside.copy_(here)
    return windows.view(b * rows * cols, window, window, dim)


def join_windows(
    windows: Tensor, window: int, shape: torch.Size | tuple[int, ...], buffers: Buffers
) -> Tensor:
    """Inverse of :func:`partition_windows`; ``shape`` is the original ``(B, h, w, ...)``."""
    b, h, w = shape[:3]
    rows, cols = -(-h // window), -(-w // window)
    windows = windows.reshape(b, rows, cols, window, window, -1)
    x = buffers.take("joined", (b, h, w, windows.shape[-1]), windows)
    for inside, here in _parts(windows, x, window):
        here.copy_(inside)
    return x


def _parts(windows: Tensor, x: Tensor, window: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Views of the same tokens in both: of whole windows, and of those cut off at the edges."""
    grid = windows.transpose(2, 3)
    for r, height, ys in _spans(x.shape[1], window):
        for c, width, xs in _spans(x.shape[2], window):
            here = x[:, ys, xs].unflatten(2, (-1, width)).unflatten(1, (-1, height))
            yield grid[:, r, :height, c, :width], here


def _spans(size: int, window: int) -> Iterator[tuple[slice, int, slice]]:
    """Which windows, how much of each, and where that lies: the whole ones, then the rest."""
    whole, rest = divmod(size, window)
    if whole:
        yield slice(0, whole), window, slice(0, whole * window)
    if rest:
        yield slice(whole, whole + 1), rest, slice(whole * window, size)
