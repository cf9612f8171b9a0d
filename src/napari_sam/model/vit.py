"""Image encoder: a plain vision transformer with windowed and global attention.

Sources: ViT (arXiv:2010.11929), ViTDet windows (arXiv:2203.16527), decomposed relative positions
(arXiv:2112.01526), Segment Anything (arXiv:2304.02643).

Without gradients, a block works in place and in parts that fit in the processor's cache: on a CPU,
writing to new memory costs more than the arithmetic.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import attend_in_parts, attends_in_parts
from .buffers import Buffers
from .config import PATCH, ModelConfig, VitConfig
from .features import ImageFeatures, Offset
from .layers import Mlp, Neck, add_linear, convolve
from .pyramid import ConvPath, Pyramid
from .windows import join_windows, partition_windows


class Attention(nn.Module):
    """Multi-head self-attention over the tokens of a window.

    Parameters
    ----------
    dim, heads : int
        Width and number of heads.
    window : int
        Side of the windows in tokens; the size of the table of relative positions.
    relative_positions : bool
        Add a learned bias for the distance of two tokens along each axis.
    """

    def __init__(self, dim: int, heads: int, window: int, relative_positions: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.relative_positions = relative_positions
        if relative_positions:
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * window - 1, dim // heads))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * window - 1, dim // heads))

    def forward(self, qkv: Tensor, buffers: Buffers) -> Tensor:
        """Attend within each window.

        Parameters
        ----------
        qkv : Tensor
            ``(n, h, w, 3 * dim)`` queries, keys and values of the tokens of ``n`` windows.
        buffers : Buffers
            Holds the bias of one head.

        Returns
        -------
        Tensor
            ``(n, h, w, dim)``, before the projection.
        """
        n, h, w, _ = qkv.shape
        q, k, v = qkv.reshape(n, h * w, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        if attends_in_parts(q):
            out = attend_in_parts(q, k, v, self._biases(q, (h, w)))
        elif self.relative_positions:
            out = self._with_bias(q, k, v, (h, w), buffers)
        else:
            out = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        return out.reshape(n, h, w, -1)

    def _biases(self, q: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor] | None:
        """Bias of each query for the rows and columns of keys: ``(n, heads, h * w, h | w)``."""
        if not self.relative_positions:
            return None
        grid = q.unflatten(2, shape)
        rows, cols = _distances(self.rel_pos_h, shape[0]), _distances(self.rel_pos_w, shape[1])
        along_h = torch.einsum("nzhwc,hkc->nzhwk", grid, rows.to(q.dtype))
        along_w = torch.einsum("nzhwc,wkc->nzhwk", grid, cols.to(q.dtype))
        return along_h.flatten(2, 3), along_w.flatten(2, 3)

    def _with_bias(
        self, q: Tensor, k: Tensor, v: Tensor, shape: tuple[int, int], buffers: Buffers
    ) -> Tensor:
        """Attention with relative positions, one head at a time: ``(n, h * w, heads, head_dim)``.

        The bias of all heads at once would need 800 MB for 4096 tokens.
        """
        n, _, tokens, _ = q.shape
        out = []
        for q_head, k_head, v_head in zip(*(x.split(1, dim=1) for x in (q, k, v)), strict=True):
            along_h, along_w = cast(tuple[Tensor, Tensor], self._biases(q_head, shape))
            bias = buffers.add(along_h[..., None], along_w[..., None, :])
            mask = bias.reshape(n, 1, tokens, tokens)
            head = functional.scaled_dot_product_attention(q_head, k_head, v_head, attn_mask=mask)
            out.append(head[:, 0])
        return torch.stack(out, dim=2)


def _distances(table: Tensor, size: int) -> Tensor:
    """Rows of the table by the distance of query and key: ``(size, size, head_dim)``."""
    place = torch.arange(size, device=table.device)
    return table[place[:, None] - place[None] + size - 1]


class Block(nn.Module):
    """Transformer block with windowed or global attention.

    Parameters
    ----------
    trunk : VitConfig
        Widths and switches.
    window : int
        Side of the attention windows in tokens; 0 for global attention.
    grid : int
        Side of the largest image in tokens.
    """

    def __init__(self, trunk: VitConfig, window: int, grid: int) -> None:
        super().__init__()
        self.window = window
        self.norm1 = nn.LayerNorm(trunk.dim, eps=1e-6)
        self.attn = Attention(trunk.dim, trunk.heads, window or grid, trunk.relative_positions)
        self.norm2 = nn.LayerNorm(trunk.dim, eps=1e-6)
        self.mlp = Mlp(trunk.dim, 4 * trunk.dim, nn.GELU())

    def forward(self, x: Tensor, buffers: Buffers) -> Tensor:
        """Map ``(B, h, w, dim)`` to the same shape; without gradients in place."""
        qkv = buffers.linear("qkv", x, self.attn.qkv, self.norm1)
        if self.window:
            windows = partition_windows(qkv, self.window, self.attn.qkv.bias, buffers)
            out = join_windows(self.attn(windows, buffers), self.window, x.shape, buffers)
        else:
            out = self.attn(qkv, buffers)
        x = add_linear(x, out, self.attn.proj)
        return self.mlp.add_to(x, self.norm2)


class VitEncoder(nn.Module):
    """Image encoder: vision transformer, neck and optional high-resolution features.

    Parameters
    ----------
    config : ModelConfig
        Widths and switches of the model.
    trunk : VitConfig
        The trunk in it, typed.
    """

    def __init__(self, config: ModelConfig, trunk: VitConfig) -> None:
        super().__init__()
        dim, grid = trunk.dim, config.grid_size
        self.high_res_layers = trunk.high_res_layers
        self.patch_embed = nn.Conv2d(3, dim, PATCH, stride=PATCH)
        self.pos_embed = nn.Parameter(torch.empty(1, grid, grid, dim).normal_(std=0.02))
        self.conv_path = ConvPath(dim) if trunk.conv_path else None
        self.blocks = nn.ModuleList(
            Block(trunk, 0 if i in trunk.global_blocks else trunk.window, grid)
            for i in range(trunk.depth)
        )
        self.neck = Neck(dim, config.prompt_dim)
        self.pyramid = Pyramid(config, trunk) if trunk.high_res_layers else None

    def embed_patches(self, image: Tensor, offset: Offset = (0, 0)) -> Tensor:
        """Embed patches and add the crop of the positional grid under the window.

        Parameters
        ----------
        image : Tensor
            ``(B, 3, H, W)`` float, normalised, ``H`` and ``W`` multiples of 16.
        offset : Offset
            Place of the window on the positional grid.

        Returns
        -------
        Tensor
            ``(B, H/16, W/16, dim)`` float.
        """
        x = convolve(image, self.patch_embed).permute(0, 2, 3, 1)
        embedded: Tensor = x + _crop(self.pos_embed, offset, x.shape[1:3])
        return embedded

    def forward(self, image: Tensor, offset: Offset = (0, 0)) -> ImageFeatures:
        """Encode windows ``(B, 3, H, W)``; arguments as for :meth:`embed_patches`."""
        image = image.contiguous(memory_format=torch.channels_last)
        x = self.embed_patches(image, offset)
        conv = None
        if self.conv_path is not None:
            conv4, conv8, tokens = self.conv_path(image)
            conv, x = (conv4, conv8), x + tokens.permute(0, 2, 3, 1)
        x, layers, buffers = x.contiguous(), {}, Buffers()
        for index, block in enumerate(self.blocks):
            x = block(x, buffers)
            if index in self.high_res_layers:
                layers[index] = x.permute(0, 3, 1, 2).clone()
        embedding = self.neck(x.permute(0, 3, 1, 2))
        if self.pyramid is None:
            return ImageFeatures(embedding)
        deep, shallow = (layers[index] for index in self.high_res_layers)
        return ImageFeatures(embedding, *self.pyramid(deep, shallow, conv))


def _crop(grid: Tensor, offset: Offset, shape: tuple[int, ...]) -> Tensor:
    """Crop of a grid ``(1, H, W, dim)`` to ``(1, h, w, dim)``; an offset on a GPU stays there."""
    firsts: tuple[int | Tensor, ...] = offset
    for axis, (first, count) in enumerate(zip(firsts, shape, strict=True), 1):
        if isinstance(first, Tensor):
            grid = grid.index_select(axis, first + torch.arange(count, device=grid.device))
        else:
            grid = grid.narrow(axis, first, count)
    return grid
