"""Image encoder of MobileSAM: TinyViT.

Sources: TinyViT (arXiv:2207.10666), MobileSAM (arXiv:2306.14289), whose last stage keeps stride 16;
mobile inverted bottlenecks (arXiv:1801.04381).

Tokens are ``(B, h, w, dim)`` everywhere, which convolutions see as channels-last images. In
evaluation, batch norms are folded into the convolutions before them. The weights are so few that
they are folded at every call, so a folded copy can never be stale. Without gradients, the stages of
high resolution are computed in strips of rows: the hidden image of the first would take 67 MB.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .buffers import Buffers
from .config import ModelConfig, TinyVitConfig
from .features import ImageFeatures
from .layers import Mlp, Neck, add_linear, gelu, linear, product
from .windows import join_windows, partition_windows

_ROWS_AT_ONCE = 16  # rows of tokens in a strip


class ConvNorm(nn.Module):
    """Convolution without bias, and batch norm.

    Parameters
    ----------
    dim, dim_out : int
        Channels.
    kernel, stride : int
        Side and step of the kernel; padded so that stride 1 keeps the size.
    depthwise : bool
        Convolve each channel by itself.
    """

    def __init__(
        self, dim: int, dim_out: int, kernel: int = 1, stride: int = 1, depthwise: bool = False
    ) -> None:
        super().__init__()
        groups = dim if depthwise else 1
        self.c = nn.Conv2d(dim, dim_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(dim_out)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of a convolution equal to convolution and batch norm in evaluation."""
        bn = self.bn
        mean, variance = cast(Tensor, bn.running_mean), cast(Tensor, bn.running_var)
        scale = bn.weight / (variance + bn.eps).sqrt()
        weight = self.c.weight * scale[:, None, None, None]
        return weight.to(self.c.weight.dtype), (bn.bias - mean * scale).to(self.c.weight.dtype)

    def forward(self, x: Tensor, pads_rows: bool = True) -> Tensor:
        """Map ``(B, h, w, dim)`` to ``(B, h', w', dim_out)``.

        Parameters
        ----------
        x : Tensor
            Tokens.
        pads_rows : bool
            Pad above and below. False for a strip, which brings its neighbouring rows along.
        """
        image = x.permute(0, 3, 1, 2)
        if self.training:
            normed: Tensor = self.bn(self.c(image))
            return normed.permute(0, 2, 3, 1)
        weight, bias = self.folded()
        if self.c.kernel_size == (1, 1):
            return product(x, weight[..., 0, 0], bias)
        rows, cols = self.c.kernel_size[0] // 2, self.c.kernel_size[1] // 2
        padding = (rows if pads_rows else 0, cols)
        out = functional.conv2d(
            image.to(weight.dtype), weight, bias, self.c.stride, padding, 1, self.c.groups
        )
        return out.permute(0, 2, 3, 1)


class Bottleneck(nn.Module):
    """Inverted bottleneck: 1x1 convolution to a hidden width, depthwise 3x3, 1x1 to the output.

    Parameters
    ----------
    dim, hidden, dim_out : int
        Channels.
    stride : int
        Step of the depthwise convolution.
    """

    def __init__(self, dim: int, hidden: int, dim_out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = ConvNorm(dim, hidden)
        self.conv2 = ConvNorm(hidden, hidden, 3, stride, depthwise=True)
        self.conv3 = ConvNorm(hidden, dim_out)

    def finish(self, x: Tensor, out: Tensor) -> Tensor:
        """Combine the output with the input ``x``; subclasses say how."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, h, w, dim)`` to ``(B, h / stride, w / stride, dim_out)``."""
        # in training, a batch norm needs the statistics of the complete image
        if self.training or torch.is_grad_enabled():
            hidden = gelu(self.conv1(x))
            return self.finish(x, self.conv3(gelu(self.conv2(hidden))))
        height = x.shape[1]
        strips = [
            self._strip(x, top, min(top + _ROWS_AT_ONCE, height))
            for top in range(0, height, _ROWS_AT_ONCE)
        ]
        return torch.cat(strips, dim=1)

    def _strip(self, x: Tensor, top: int, bottom: int) -> Tensor:
        """Output of rows ``top:bottom``; the kernel reads one row more, or zeros at the border."""
        first, last = max(top - 1, 0), min(bottom + 1, x.shape[1])
        hidden = gelu(self.conv1(x[:, first:last]))
        missing = (first - (top - 1), bottom + 1 - last)
        if any(missing):
            hidden = functional.pad(hidden, (0, 0, 0, 0, *missing))
        out = self.conv3(gelu(self.conv2(hidden, pads_rows=False)))
        return self.finish(x[:, top:bottom], out)


class MBConv(Bottleneck):
    """Inverted bottleneck with a shortcut, a block of the first stage."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim, 4 * dim, dim, stride=1)

    def finish(self, x: Tensor, out: Tensor) -> Tensor:
        """Add the shortcut and activate."""
        return gelu(out.add_(x))


class PatchMerging(Bottleneck):
    """Inverted bottleneck to the width of the next stage, and usually to half the grid."""

    def __init__(self, dim: int, dim_out: int, stride: int) -> None:
        super().__init__(dim, dim_out, dim_out, stride)

    def finish(self, x: Tensor, out: Tensor) -> Tensor:
        """Return the output alone."""
        return out


class BiasedAttention(nn.Module):
    """Windowed multi-head self-attention with a learned bias for each distance of two tokens.

    Parameters
    ----------
    dim, heads, window : int
        Width, attention heads, side of a window in tokens.
    """

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        # index: absolute distance along y times window, plus absolute distance along x
        self.attention_biases = nn.Parameter(torch.zeros(heads, window * window))

    def forward(self, x: Tensor, buffers: Buffers) -> Tensor:
        """Attend: ``(B, h, w, dim)`` to the same shape, before the projection."""
        qkv = buffers.linear("qkv", x, self.qkv, self.norm)
        # the reference pads with zeros before the norm, which turns them into its bias
        windows = partition_windows(qkv, self.window, linear(self.norm.bias, self.qkv), buffers)
        n = windows.shape[0]
        # TinyViT keeps q, k and v of a head together; other encoders keep q of all heads together
        heads = windows.view(n, -1, self.heads, windows.shape[-1] // self.heads).transpose(1, 2)
        q, k, v = heads.chunk(3, -1)
        # on a CPU, torch's fused kernel needs a mask of four dimensions
        bias = self._bias()[None]
        out = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        joined = out.transpose(1, 2).reshape(*windows.shape[:3], -1)
        return join_windows(joined, self.window, x.shape, buffers)

    def _bias(self) -> Tensor:
        """Bias ``(heads, tokens, tokens)`` of each pair of tokens of a window."""
        place = torch.arange(self.window, device=self.attention_biases.device)
        distance = (place[:, None] - place).abs()
        index = distance[:, None, :, None] * self.window + distance[None, :, None, :]
        return self.attention_biases[:, index.flatten(2).flatten(0, 1)]


class TinyVitBlock(nn.Module):
    """Windowed attention, a 3x3 convolution, a perceptron."""

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.attn = BiasedAttention(dim, heads, window)
        self.local_conv = ConvNorm(dim, dim, 3, depthwise=True)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, 4 * dim, nn.GELU())

    def forward(self, x: Tensor, buffers: Buffers) -> Tensor:
        """Map ``(B, h, w, dim)`` to the same shape; without gradients maybe in place."""
        x = add_linear(x, self.attn(x, buffers), self.attn.proj)
        return self.mlp.add_to(self.local_conv(x).contiguous(), self.norm2)


class Stage(nn.Module):
    """Blocks of one width, and the downsampling to the next stage."""

    def __init__(self, blocks: list[nn.Module], downsample: nn.Module | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.downsample = downsample

    def forward(self, x: Tensor, buffers: Buffers) -> Tensor:
        """Map ``(B, h, w, dim)`` to the tokens of the next stage."""
        for block in self.blocks:
            x = block(x) if isinstance(block, MBConv) else block(x, buffers)
        return x if self.downsample is None else self.downsample(x).contiguous()


class TinyVitEncoder(nn.Module):
    """Image encoder: stem, four stages and neck of TinyViT.

    Parameters
    ----------
    config : ModelConfig
        Width of the image embedding.
    trunk : TinyVitConfig
        The trunk in it, typed.
    """

    def __init__(self, config: ModelConfig, trunk: TinyVitConfig) -> None:
        super().__init__()
        first = trunk.dims[0]
        stem = (ConvNorm(3, first // 2, 3, 2), nn.GELU(), ConvNorm(first // 2, first, 3, 2))
        self.patch_embed = nn.ModuleDict({"seq": nn.ModuleList(stem)})
        self.layers = nn.ModuleList(_stage(trunk, index) for index in range(len(trunk.dims)))
        self.neck = Neck(trunk.dims[-1], config.prompt_dim)

    def forward(self, image: Tensor) -> ImageFeatures:
        """Encode ``(B, 3, H, W)`` float, normalised, ``H`` and ``W`` multiples of 16."""
        image = image.contiguous(memory_format=torch.channels_last)
        before, _, after = cast(nn.ModuleList, self.patch_embed["seq"])
        x = after(gelu(before(image.permute(0, 2, 3, 1))))
        buffers = Buffers()
        for stage in self.layers:
            x = stage(x, buffers)
        embedding: Tensor = self.neck(x.permute(0, 3, 1, 2))
        return ImageFeatures(embedding)


def _stage(trunk: TinyVitConfig, index: int) -> Stage:
    dim, window, heads = trunk.dims[index], trunk.windows[index], trunk.heads[index]
    blocks: list[nn.Module] = [
        MBConv(dim) if index == 0 else TinyVitBlock(dim, heads, window)
        for _ in range(trunk.depths[index])
    ]
    last = len(trunk.dims) - 1
    if index == last:
        return Stage(blocks, None)
    # in MobileSAM, the last stage stays at stride 16
    stride = 1 if index + 1 == last else 2
    return Stage(blocks, PatchMerging(dim, trunk.dims[index + 1], stride))
