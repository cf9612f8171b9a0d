"""Small layers that several parts of the model share."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of ``(B, C, H, W)``.

    In channels-last memory the permutations are views, so this costs one pass.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``(B, C, H, W)`` float over ``C``; same shape."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    """The two-layer perceptron of a transformer block.

    Parameters
    ----------
    dim, hidden_dim : int
        Width outside and inside.
    activation : nn.Module
        GELU in the image encoder, ReLU in the decoder.
    """

    def __init__(self, dim: int, hidden_dim: int, activation: nn.Module) -> None:
        super().__init__()
        self.lin1 = nn.Linear(dim, hidden_dim)
        self.lin2 = nn.Linear(hidden_dim, dim)
        self.act = activation

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., dim)`` to ``(..., dim)``."""
        out: Tensor = self.lin2(self.act(self.lin1(x)))
        return out


class HeadMlp(nn.Module):
    """Perceptron of the decoder's heads: hypernetworks, IoU, object score.

    Parameters
    ----------
    dims : sequence of int
        Widths from input to output.
    """

    def __init__(self, *dims: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(dims))

    @property
    def output(self) -> nn.Linear:
        """The last layer."""
        layer: nn.Linear = self.layers[-1]  # type: ignore[assignment]
        return layer

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., dims[0])`` to ``(..., dims[-1])``."""
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        out: Tensor = self.output(x)
        return out


class ResidualConv(nn.Module):
    """Pre-activation residual block of two 3x3 convolutions.

    Parameters
    ----------
    dim : int
        Channels.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = LayerNorm2d(dim)
        self.conv1 = nn.Conv2d(dim, dim, 3, padding=1)
        self.conv2 = nn.Conv2d(dim, dim, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, dim, H, W)`` to the same shape."""
        out: Tensor = x + self.conv2(functional.gelu(self.conv1(functional.gelu(self.norm(x)))))
        return out
