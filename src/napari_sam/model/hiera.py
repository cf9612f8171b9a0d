"""Image encoder of SAM 2: Hiera and a feature pyramid.

Sources: Hiera (arXiv:2306.00989), its windowed positional embedding (arXiv:2311.05613), SAM 2
(arXiv:2408.00714), feature pyramid (arXiv:1612.03144).

The first stage has 65,536 tokens. Windows do not attend to each other, so without gradients a block
computes strips of windows one after another, each from norm to perceptron. A strip is small enough
to reuse memory and large enough to keep all threads busy.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import attend_in_parts, attends_in_parts
from .buffers import Buffers
from .config import HieraConfig, ModelConfig
from .features import ImageFeatures
from .layers import Mlp, add_linear, convolve, gelu, linear, product
from .windows import join_windows, partition_windows

_POOL = 2  # stride of the pooling between stages, tokens
_VALUES_AT_ONCE = 1_600_000  # float values, tokens times channels, of one strip


class PoolingAttention(nn.Module):
    """Multi-head self-attention with optional max pooling of the queries.

    Parameters
    ----------
    dim, dim_out : int
        Width before and after.
    heads : int
        Attention heads.
    pools : bool
        Pool the queries over 2 x 2 tokens, and with them the output.
    """

    def __init__(self, dim: int, dim_out: int, heads: int, pools: bool) -> None:
        super().__init__()
        self.heads, self.pools = heads, pools
        self.qkv = nn.Linear(dim, 3 * dim_out)
        self.proj = nn.Linear(dim_out, dim_out)

    def forward(self, qkv: Tensor) -> Tensor:
        """Attend within windows: ``(n, h, w, 3 * dim_out)`` to ``(n, h', w', dim_out)``."""
        q, k, v = qkv.chunk(3, dim=-1)
        if self.pools:
            q = pool(q)
        shape = q.shape
        q, k, v = self._split(q), self._split(k), self._split(v)
        if attends_in_parts(q):
            return attend_in_parts(q, k, v).reshape(shape)
        out = functional.scaled_dot_product_attention(q, k, v)
        return out.transpose(1, 2).reshape(shape)

    def _split(self, x: Tensor) -> Tensor:
        """``(n, h, w, dim_out)`` to ``(n, heads, h * w, dim_out / heads)``."""
        heads: Tensor = x.flatten(1, 2).unflatten(-1, (self.heads, -1))
        return heads.transpose(1, 2)


def pool(x: Tensor) -> Tensor:
    """Maximum over 2 x 2 tokens: ``(B, h, w, dim)`` to ``(B, h / 2, w / 2, dim)``.

    On a CPU faster than torch's max pooling, which also computes the index of the maximum.
    """
    x = torch.maximum(x[:, ::_POOL], x[:, 1::_POOL])
    return torch.maximum(x[:, :, ::_POOL], x[:, :, 1::_POOL])


class HieraBlock(nn.Module):
    """Transformer block; the first of each later stage pools the grid and widens the tokens.

    Parameters
    ----------
    dim, dim_out : int
        Width before and after.
    heads : int
        Attention heads.
    window : int
        Side of the attention windows in tokens before pooling; 0 for global attention.
    pools : bool
        Halve the grid along both axes.
    """

    def __init__(self, dim: int, dim_out: int, heads: int, window: int, pools: bool) -> None:
        super().__init__()
        self.window, self.pools = window, pools
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = PoolingAttention(dim, dim_out, heads, pools)
        self.norm2 = nn.LayerNorm(dim_out, eps=1e-6)
        self.mlp = Mlp(dim_out, 4 * dim_out, nn.GELU())
        self.proj = nn.Linear(dim, dim_out) if dim != dim_out else None

    def forward(self, x: Tensor, buffers: Buffers) -> Tensor:
        """Map ``(B, h, w, dim)`` to ``(B, h', w', dim_out)``; without gradients maybe in place."""
        if torch.is_grad_enabled() or not self.window:
            return self._run(x, buffers)
        b, h, w, _ = x.shape
        step = self.window * max(1, self._tokens_at_once // (self.window * w))
        shrinks = _POOL if self.pools else 1
        out = x
        if self.pools:
            out = self.mlp.lin2.weight.new_empty(
                b, h // _POOL, w // _POOL, self.norm2.normalized_shape[0]
            )
        for image, result in zip(x, out, strict=True):
            for top in range(0, h, step):
                strip = self._run(image[None, top : top + step], buffers)
                if self.pools:
                    result[top // shrinks : (top + step) // shrinks] = strip[0]
        return out

    def _run(self, x: Tensor, buffers: Buffers) -> Tensor:
        normed = self.norm1(x)
        shortcut = x if self.proj is None else linear(normed, self.proj)
        if self.pools:
            shortcut = pool(shortcut)
        qkv = buffers.linear("qkv", normed, self.attn.qkv)
        if self.window:
            windows = partition_windows(qkv, self.window, self.attn.qkv.bias, buffers)
            attended = self.attn(windows)
            out = join_windows(attended, attended.shape[1], shortcut.shape, buffers)
        else:
            out = self.attn(qkv)
        return self._add_mlp(add_linear(shortcut, out, self.attn.proj))

    @property
    def _tokens_at_once(self) -> int:
        return _VALUES_AT_ONCE // self.norm2.normalized_shape[0]

    def _add_mlp(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return self.mlp.add_to(x, self.norm2)
        for tokens in x.view(-1, x.shape[-1]).split(self._tokens_at_once):
            add_linear(tokens, gelu(linear(self.norm2(tokens), self.mlp.lin1)), self.mlp.lin2)
        return x


class Hiera(nn.Module):
    """Trunk of Hiera: image to tokens of stride 4, 8, 16 and 32.

    Parameters
    ----------
    trunk : HieraConfig
        Widths, depths and windows.
    """

    def __init__(self, trunk: HieraConfig) -> None:
        super().__init__()
        dim, heads, grid = trunk.dim, trunk.heads, trunk.position_grid
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, dim, 7, stride=4, padding=3)})
        self.pos_embed = nn.Parameter(torch.zeros(1, dim, grid, grid))
        self.pos_embed_window = nn.Parameter(torch.zeros(1, dim, *2 * trunk.windows[:1]))
        ends = [sum(trunk.depths[: i + 1]) - 1 for i in range(len(trunk.depths))]
        self.ends = frozenset(ends)
        self.blocks = nn.ModuleList()
        stage = 0
        for index in range(sum(trunk.depths)):
            first = index - 1 in self.ends
            # the first block of a stage still has the windows of the stage before
            window = 0 if index in trunk.global_blocks else trunk.windows[stage]
            stage, heads = (stage + 1, 2 * heads) if first else (stage, heads)
            dim_out = 2 * dim if first else dim
            self.blocks.append(HieraBlock(dim, dim_out, heads, window, pools=first))
            dim = dim_out

    def forward(self, image: Tensor) -> list[Tensor]:
        """Tokens ``(B, H / s, W / s, dim)`` of the stages of stride ``s`` = 4, 8, 16 and 32."""
        patches = convolve(image, cast(nn.Conv2d, self.patch_embed["proj"]))
        x = self._add_positions(patches.permute(0, 2, 3, 1).contiguous())
        stages, buffers = [], Buffers()
        for index, block in enumerate(self.blocks):
            x = block(x, buffers)
            if index in self.ends:
                stages.append(x)  # the next block pools, so it does not write into these tokens
        return stages

    def _add_positions(self, x: Tensor) -> Tensor:
        """Add, in place, the global positional embedding resized and that of a window repeated."""
        _, h, w, _ = x.shape
        rows, cols = (_bicubic(self.pos_embed.shape[-1], n, x.device) for n in (h, w))
        tile = self.pos_embed_window[0].permute(1, 2, 0)
        side = tile.shape[0]
        background = torch.einsum("xj,cij->ixc", cols, self.pos_embed[0])
        step = side * max(1, _VALUES_AT_ONCE // (side * w * x.shape[-1]))
        for top in range(0, h, step):
            strip = torch.einsum("yi,ixc->yxc", rows[top : top + step], background)
            windows = strip.unflatten(1, (-1, side)).unflatten(0, (-1, side))
            windows += tile[:, None]
            x[:, top : top + step] += strip
        return x


def _bicubic(source: int, target: int, device: torch.device) -> Tensor:
    """Matrix ``(target, source)`` of bicubic resizing along one axis."""
    columns = torch.eye(source, device=device)[None, :, :, None]
    resized = functional.interpolate(columns, (target, 1), mode="bicubic", align_corners=False)
    return resized[0, :, :, 0].T


class PyramidNeck(nn.Module):
    """Feature pyramid (arXiv:1612.03144) over the stages of Hiera.

    Parameters
    ----------
    dims : list of int
        Widths of the stages, the coarsest first.
    prompt_dim : int
        Width ``D`` of the image embedding.
    """

    def __init__(self, dims: list[int], prompt_dim: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.ModuleDict({"conv": nn.Conv2d(dim, prompt_dim, 1)}) for dim in dims
        )

    def forward(self, coarse: Tensor, middle: Tensor) -> Tensor:
        """Stages ``(B, h, w, dim)`` of stride 32 and 16 to the image embedding ``(B, D, h, w)``."""
        x = conv1x1(middle, self.lateral(1))
        above = conv1x1(coarse, self.lateral(0))
        return x + functional.interpolate(above, scale_factor=2.0, mode="nearest")

    def lateral(self, level: int) -> nn.Conv2d:
        """1x1 convolution of a stage, 0 for the coarsest."""
        conv: nn.Conv2d = self.convs[level]["conv"]  # type: ignore[index]
        return conv


def conv1x1(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """1x1 convolution of tokens ``(B, h, w, dim)`` to an image ``(B, D, h, w)``."""
    return product(x, conv.weight[..., 0, 0], conv.bias).permute(0, 3, 1, 2)


def both_conv1x1(x: Tensor, first: nn.Conv2d, second: nn.Conv2d) -> Tensor:
    """Two 1x1 convolutions ``second(first(x))`` as one matrix product: ``(B, D', h, w)``."""
    weight = second.weight[..., 0, 0] @ first.weight[..., 0, 0]
    inner, outer = (
        weight.new_zeros(()) if conv.bias is None else conv.bias for conv in (first, second)
    )
    bias = second.weight[..., 0, 0] @ inner + outer
    return product(x, weight, bias).permute(0, 3, 1, 2)


class HieraEncoder(nn.Module):
    """Image encoder: Hiera, its feature pyramid, and the high-resolution features.

    Parameters
    ----------
    config : ModelConfig
        Widths of the image embedding and the mask features.
    trunk : HieraConfig
        The trunk in it, typed.
    """

    def __init__(self, config: ModelConfig, trunk: HieraConfig) -> None:
        super().__init__()
        dim = config.prompt_dim
        self.trunk = Hiera(trunk)
        self.neck = PyramidNeck([trunk.dim * 2**i for i in (3, 2, 1, 0)], dim)
        # layers of the decoder in the paper; computed here since they depend on the image alone
        self.conv_s0 = nn.Conv2d(dim, config.mask_dim, 1)
        self.conv_s1 = nn.Conv2d(dim, dim // 4, 1)

    def forward(self, image: Tensor) -> ImageFeatures:
        """Encode ``(B, 3, H, W)`` float, normalised, ``H`` and ``W`` multiples of 32."""
        stride4, stride8, stride16, stride32 = self.trunk(
            image.contiguous(memory_format=torch.channels_last)
        )
        return ImageFeatures(
            self.neck(stride32, stride16),
            (
                both_conv1x1(stride8, self.neck.lateral(2), self.conv_s1),
                both_conv1x1(stride4, self.neck.lateral(3), self.conv_s0),
            ),
        )
