"""Layers that image encoders, prompt encoder, mask decoder and memory share."""

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

TOKENS_AT_ONCE = 512  # the hidden layer of a perceptron then fits in the processor's cache
_IMAGES = 16  # images of a convolution that torch leaves to oneDNN
_FEWEST_ROWS = 64  # rows of a product from which on oneDNN is faster


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of ``(B, C, H, W)``.

    In channels-last memory the permutations are views, so this costs one pass.
    """

    def __init__(self, dim: int) -> None:
        super().__init__(dim, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``(B, C, H, W)`` float over ``C``; same shape."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    """Two-layer perceptron of a transformer block.

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

    def add_to(self, x: Tensor, norm: nn.LayerNorm) -> Tensor:
        """``x + mlp(norm(x))``; without gradients in place, 512 tokens at a time.

        Parameters
        ----------
        x : Tensor
            ``(..., dim)``.
        norm : nn.LayerNorm
            Layer norm over ``dim``.
        """
        if torch.is_grad_enabled():
            out: Tensor = x + self(norm(x))
            return out
        for tokens in x.view(-1, x.shape[-1]).split(TOKENS_AT_ONCE):
            add_linear(tokens, self.act(linear(norm(tokens), self.lin1)), self.lin2)
        return x


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias`` in the precision of the weight.

    Torch multiplies float32 on a CPU with MKL, which is half as fast as oneDNN on AMD processors.
    The public way to oneDNN is a 1x1 convolution, of 16 images or more: fewer go to MKL too.

    Parameters
    ----------
    x : Tensor
        ``(..., in)``.
    weight, bias : Tensor
        ``(out, in)`` and ``(out,)``.

    Returns
    -------
    Tensor
        ``(..., out)``, contiguous.
    """
    x = x.to(weight.dtype)
    rows = x.numel() // x.shape[-1]
    if torch.is_grad_enabled() or not _pays_as_convolution(x, rows):
        return functional.linear(x, weight, bias)
    images = x.reshape(_IMAGES, rows // _IMAGES, 1, x.shape[-1]).permute(0, 3, 1, 2)
    out = functional.conv2d(images, weight[..., None, None], bias)
    return out.permute(0, 2, 3, 1).reshape(*x.shape[:-1], len(weight))


def _pays_as_convolution(x: Tensor, rows: int) -> bool:
    is_float_on_cpu = x.dtype == torch.float32 and x.device.type == "cpu"
    fits = rows >= _FEWEST_ROWS and rows % _IMAGES == 0
    return is_float_on_cpu and fits and torch.backends.mkldnn.is_available()


def linear(x: Tensor, layer: nn.Linear) -> Tensor:
    """``layer(x)`` by :func:`product`: ``(..., in)`` of any float type to ``(..., out)``."""
    return product(x, layer.weight, layer.bias)


def convolve(x: Tensor, layer: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    """``layer(x)`` of ``(B, C, H, W)``, of any float type, in the precision of the weights."""
    out: Tensor = layer(x.to(layer.weight.dtype))
    return out


def add_linear(x: Tensor, inputs: Tensor, layer: nn.Linear) -> Tensor:
    """``x + layer(inputs)``; without gradients written into ``x``.

    Parameters
    ----------
    x : Tensor
        ``(..., layer.out_features)``; contiguous.
    inputs : Tensor
        ``(..., layer.in_features)``.
    layer : nn.Linear
        With a bias.
    """
    if torch.is_grad_enabled():
        out: Tensor = x + layer(inputs)
        return out
    tokens = x.view(-1, layer.out_features).split(TOKENS_AT_ONCE)
    read = inputs.reshape(-1, layer.in_features).split(TOKENS_AT_ONCE)
    for part, input_part in zip(tokens, read, strict=True):
        part.add_(linear(input_part, layer))
    return x


def gelu(x: Tensor) -> Tensor:
    """GELU (arXiv:1606.08415), of the same shape; without gradients written into ``x``."""
    if torch.is_grad_enabled():
        return functional.gelu(x)
    activated: Tensor = torch.ops.aten.gelu_(x)
    return activated


class Neck(nn.Sequential):
    """Two convolutions from tokens ``(B, dim, h, w)`` to the image embedding ``(B, D, h, w)``."""

    def __init__(self, dim: int, prompt_dim: int) -> None:
        super().__init__(
            nn.Conv2d(dim, prompt_dim, 1, bias=False),
            LayerNorm2d(prompt_dim),
            nn.Conv2d(prompt_dim, prompt_dim, 3, padding=1, bias=False),
            LayerNorm2d(prompt_dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compute the image embedding, in the precision of the weights."""
        first = cast(nn.Conv2d, self[0])
        embedding: Tensor = super().forward(x.to(first.weight.dtype))  # type: ignore[no-untyped-call]
        return embedding


class HeadMlp(nn.Module):
    """Perceptron with ReLU: hypernetworks, IoU, object score, object pointers.

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
        """Linear layer without activation at the end."""
        layer: nn.Linear = self.layers[-1]  # type: ignore[assignment]
        return layer

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., dims[0])`` to ``(..., dims[-1])``."""
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        out: Tensor = self.output(x)
        return out


class ResidualConv(nn.Module):
    """Pre-activation residual block of two 3x3 convolutions (arXiv:1603.05027).

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
        out: Tensor = self.conv2(gelu(self.conv1(gelu(self.norm(x)))))
        return out + x if torch.is_grad_enabled() else out.add_(x)
