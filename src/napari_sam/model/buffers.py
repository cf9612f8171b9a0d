"""Buffers: memory that is used again from block to block.

On a CPU, the first touch of a page costs more than the arithmetic on it, and large temporaries are
given back to the system each time. With gradients, every result is new.
"""

import math

import torch
from torch import Tensor, nn


class Buffers:
    """Buffers of one pass through a network; a result is valid until the next of its name."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Uninitialised memory of a shape, with the type and device of another tensor."""
        if torch.is_grad_enabled():
            return like.new_empty(shape)
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.numel() < size:
            buffer = self._buffers[name] = like.new_empty(size)
        return buffer[:size].view(shape)

    def linear(self, name: str, x: Tensor, layer: nn.Linear) -> Tensor:
        """``layer(x)``."""
        if torch.is_grad_enabled():
            result: Tensor = layer(x)
            return result
        out = self.take(name, (*x.shape[:-1], layer.out_features), x)
        flat = x.reshape(-1, layer.in_features)
        torch.addmm(layer.bias, flat, layer.weight.t(), out=out.view(-1, layer.out_features))
        return out

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """``a + b``, broadcast."""
        if torch.is_grad_enabled():
            return a + b
        shape = torch.broadcast_shapes(a.shape, b.shape)
        return torch.add(a, b, out=self.take("sum", shape, a))
