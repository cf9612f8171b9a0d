"""Upscaling: image tokens up to the stride of the masks (arXiv:2304.02643, figure 14).

A transposed convolution whose kernel equals its stride is a matrix product that gives each token
its own patch of finer cells. The cells stay in this order, ``(token, 2x2, 2x2)``, until the masks
are computed: every step is a product of rows of channels, and no image is rearranged in between.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import LayerNorm2d, gelu

_TOKENS_AT_ONCE = 512  # their 8192 cells fit in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class FineFeatures:
    """High-resolution features plus biases of the upscaling, in the order of the cells.

    Parameters
    ----------
    stride8 : Tensor
        ``(B, 1, N * 4, D / 4)`` float; ``(1, 1, 1, D / 4)`` without such features.
    stride4 : Tensor
        ``(B, 1, N * 16, mask_dim)`` float; ``(1, 1, 1, mask_dim)`` without.
    """

    stride8: Tensor
    stride4: Tensor


class Upscaling(nn.Module):
    """Upscale image tokens to stride 4, adding the high-resolution features on the way.

    A model with prompt maps adds them too, and mixes image and prompts by one more layer.

    Parameters
    ----------
    dim, mask_dim : int
        Channels of the tokens and of the masks.
    prompt_maps : bool
        Add prompt maps and the mixing layer.
    """

    def __init__(self, dim: int, mask_dim: int, prompt_maps: bool) -> None:
        super().__init__()
        self.dc1 = nn.ConvTranspose2d(dim, dim // 4, 2, stride=2)
        self.norm = LayerNorm2d(dim // 4)
        self.dc2 = nn.ConvTranspose2d(dim // 4, mask_dim, 2, stride=2)
        self.mix = nn.Conv2d(mask_dim, mask_dim, 1) if prompt_maps else None

    def prepare(self, high_res_features: tuple[Tensor, ...]) -> FineFeatures:
        """Reorder features ``(B, D/4, 2h, 2w)`` and ``(B, mask_dim, 4h, 4w)`` to cells."""
        biases = (self.dc1.bias, self.dc2.bias)
        if not high_res_features:
            stride8, stride4 = (_bias(bias)[None, None, None] for bias in biases)
            return FineFeatures(stride8, stride4)
        features = zip(high_res_features, biases, (1, 2), strict=True)
        stride8, stride4 = (
            to_cells(x, levels)[:, None] + _bias(bias) for x, bias, levels in features
        )
        return FineFeatures(stride8, stride4)

    def forward(
        self, image: Tensor, fine: FineFeatures, maps: Tensor | None, masks: Tensor
    ) -> Tensor:
        """Upscale the image of each object and compute the masks.

        Parameters
        ----------
        image : Tensor
            ``(B, C, N, D)`` float.
        fine : FineFeatures
            From :meth:`prepare`.
        maps : Tensor or None
            ``(B, C, mask_dim, 4h, 4w)`` prompt maps.
        masks : Tensor
            ``(B, C, M, mask_dim)`` output of the hypernetworks for the mask tokens.

        Returns
        -------
        Tensor
            ``(B, C, M, N * 16)`` logits in the order of the cells, for :func:`from_cells`.
        """
        cells = None
        if maps is not None:
            cells = to_cells(maps.flatten(0, 1), 2).unflatten(0, maps.shape[:2])
        tokens = image.shape[2]
        step = tokens if torch.is_grad_enabled() else _TOKENS_AT_ONCE
        logits = [
            masks @ self._enlarge(image, fine, cells, slice(i, i + step)).transpose(2, 3)
            for i in range(0, tokens, step)
        ]
        return torch.cat(logits, dim=-1)

    def _enlarge(
        self, image: Tensor, fine: FineFeatures, maps: Tensor | None, tokens: slice
    ) -> Tensor:
        """Cells ``(B, C, n * 16, mask_dim)`` of a slice of tokens."""
        x = _unfold(image[:, :, tokens], self.dc1).add_(_of(fine.stride8, tokens, 4))
        x = functional.layer_norm(x, x.shape[-1:], self.norm.weight, self.norm.bias, self.norm.eps)
        x = _unfold(gelu(x), self.dc2).add_(_of(fine.stride4, tokens, 16))
        if maps is not None and self.mix is not None:
            x = gelu(x + _of(maps, tokens, 16))
            x = functional.linear(x, self.mix.weight[..., 0, 0], self.mix.bias)
        return gelu(x)


def _bias(bias: Tensor | None) -> Tensor:
    """Bias ``(dim,)`` of a transposed convolution; never None here, which torch's type allows."""
    return torch.zeros(()) if bias is None else bias


def _of(cells: Tensor, tokens: slice, each: int) -> Tensor:
    """Cells of a slice of tokens, ``each`` per token; shared values ``(..., 1, F)`` stay shared."""
    if cells.shape[2] == 1:
        return cells
    return cells[:, :, tokens.start * each : tokens.stop * each]


def _unfold(x: Tensor, layer: nn.ConvTranspose2d) -> Tensor:
    """Transposed convolution without bias: ``(..., n, dim)`` to ``(..., 4 * n, dim_out)``."""
    weight = layer.weight.permute(0, 2, 3, 1).flatten(1)
    cells: Tensor = (x @ weight).unflatten(-1, (4, -1))
    return cells.flatten(-3, -2)


def to_cells(x: Tensor, levels: int) -> Tensor:
    """``(B, F, 2**levels * h, 2**levels * w)`` to ``(B, h * w * 4**levels, F)``."""
    b, f, height, width = x.shape
    h, w = height >> levels, width >> levels
    x = x.reshape(b, f, h, *(2,) * levels, w, *(2,) * levels)
    rows, cols = range(2, 3 + levels), range(3 + levels, 4 + 2 * levels)
    order = [axis for pair in zip(rows, cols, strict=True) for axis in pair]
    return x.permute(0, *order, 1).reshape(b, -1, f)


def from_cells(x: Tensor, h: int, w: int, levels: int = 2) -> Tensor:
    """``(..., h * w * 4**levels)`` to ``(..., 2**levels * h, 2**levels * w)``."""
    lead = x.ndim - 1
    x = x.unflatten(-1, (h, w, *(2,) * (2 * levels)))
    rows = [lead + 2 * level for level in range(levels + 1)]
    cols = [lead + 2 * level + 1 for level in range(levels + 1)]
    return x.permute(*range(lead), *rows, *cols).flatten(lead + levels + 1).flatten(lead, -2)
