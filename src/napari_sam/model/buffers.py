"""Buffers of memory for intermediate results, reused from block to block of an encoder.

On a CPU, the first write to a new page of memory costs more than the arithmetic on it, and the
allocator returns large temporaries to the system each time. With gradients enabled, results must
outlive the block, so every result is new memory.
"""

import math

import torch
from torch import Tensor, nn

from .layers import TOKENS_AT_ONCE, linear


class Buffers:
    """Named buffers of one forward pass; a result is valid until the next with the same name."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Uninitialised tensor of a shape, with the dtype and device of ``like``."""
        if torch.is_grad_enabled():
            return like.new_empty(shape)
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.numel() < size:
            buffer = self._buffers[name] = like.new_empty(size)
        return buffer[:size].view(shape)

    def linear(
        self, name: str, x: Tensor, layer: nn.Linear, norm: nn.LayerNorm | None = None
    ) -> Tensor:
        """``layer(norm(x))``, written into the buffer ``name``: ``(..., in)`` to ``(..., out)``."""
        if torch.is_grad_enabled():
            result: Tensor = layer(x if norm is None else norm(x))
            return result
        out = self.take(name, (*x.shape[:-1], layer.out_features), layer.weight)
        tokens = x.reshape(-1, layer.in_features).split(TOKENS_AT_ONCE)
        results = out.view(-1, layer.out_features).split(TOKENS_AT_ONCE)
        for part, result_part in zip(tokens, results, strict=True):
            result_part.copy_(linear(part if norm is None else norm(part), layer))
        return out

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """``a + b``, broadcast, written into the buffer ``sum``."""
        if torch.is_grad_enabled():
            return a + b
        shape = torch.broadcast_shapes(a.shape, b.shape)
        return torch.add(a, b, out=self.take("sum", shape, a))
