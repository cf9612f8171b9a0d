"""Image encoder: a plain vision transformer with windowed and global attention.

Sources: ViT (arXiv:2010.11929), ViTDet windows (arXiv:2203.16527), Segment Anything
(arXiv:2304.02643); convolutions beside the patches after "Early Convolutions Help Transformers
See Better" (arXiv:2106.14881); the way down to stride 8 and 4 as in FPN (arXiv:1612.03144).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig
from .layers import LayerNorm2d, Mlp, ResidualConv

_CONV_DIMS = (24, 48, 96)  # channels of the convolutional path at stride 2, 4, 8
_PYRAMID_DIMS = (64, 48)  # channels of the pyramid at stride 8, 4


@dataclass(frozen=True, slots=True, eq=False)
class ImageFeatures:
    """What the decoder needs of one batch of windows.

    Parameters
    ----------
    image_embedding : Tensor
        ``(B, D, H/16, W/16)`` float.
    high_res_features : tuple of Tensor
        ``(B, D/4, H/8, W/8)`` and ``(B, mask_dim, H/4, W/4)`` float; empty for models without.
    proposals : Tensor or None
        ``(B, 2, H/4, W/4)`` float logits: object centre, foreground.
    """

    image_embedding: Tensor
    high_res_features: tuple[Tensor, ...]
    proposals: Tensor | None = None


class Attention(nn.Module):
    """Multi-head self-attention over the tokens of a window."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, h, w, dim)`` to the same shape."""
        b, h, w, dim = x.shape
        qkv = self.qkv(x).view(b, h * w, 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        out = functional.scaled_dot_product_attention(q, k, v)
        projected: Tensor = self.proj(out.transpose(1, 2).reshape(b, h, w, dim))
        return projected


class Block(nn.Module):
    """Transformer block; ``window`` 0 attends to everything."""

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, 4 * dim, nn.GELU())

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, h, w, dim)`` to the same shape."""
        x = x + self._attend(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out

    def _attend(self, x: Tensor) -> Tensor:
        if self.window == 0:
            out: Tensor = self.attn(x)
            return out
        windows = partition_windows(x, self.window)
        return join_windows(self.attn(windows), self.window, x.shape)


def partition_windows(x: Tensor, window: int) -> Tensor:
    """Cut ``(B, h, w, dim)`` into ``(B * n, window, window, dim)``, zero-padded at the end."""
    b, h, w, dim = x.shape
    x = functional.pad(x, (0, 0, 0, -w % window, 0, -h % window))
    rows, cols = x.shape[1] // window, x.shape[2] // window
    x = x.view(b, rows, window, cols, window, dim).transpose(2, 3)
    return x.reshape(b * rows * cols, window, window, dim)


def join_windows(windows: Tensor, window: int, shape: torch.Size) -> Tensor:
    """Inverse of :func:`partition_windows`; ``shape`` is the original ``(B, h, w, dim)``."""
    b, h, w, dim = shape
    rows, cols = -(-h // window), -(-w // window)
    x = windows.view(b, rows, cols, window, window, dim).transpose(2, 3)
    return x.reshape(b, rows * window, cols * window, dim)[:, :h, :w]


class ConvPath(nn.Module):
    """Convolutions at stride 2, 4 and 8 beside the patches."""

    def __init__(self, token_dim: int) -> None:
        super().__init__()
        c2, c4, c8 = _CONV_DIMS
        self.stem = nn.Conv2d(3, c2, 3, stride=2, padding=1)
        self.norm = LayerNorm2d(c2)
        self.down4 = nn.Conv2d(c2, c4, 3, stride=2, padding=1)
        self.block4 = ResidualConv(c4)
        self.down8 = nn.Conv2d(c4, c8, 3, stride=2, padding=1)
        self.block8 = ResidualConv(c8)
        self.to_tokens = nn.Conv2d(c8, token_dim, 3, stride=2, padding=1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at stride 4, stride 8 and in token space (stride 16)."""
        x = functional.gelu(self.norm(self.stem(image)))
        x4 = self.block4(self.down4(x))
        x8 = self.block8(self.down8(functional.gelu(x4)))
        return x4, x8, self.to_tokens(functional.gelu(x8))


class Pyramid(nn.Module):
    """Intermediate token layers, and the convolutional path, down to stride 8 and 4."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        p8, p4 = _PYRAMID_DIMS
        dim = config.vit_dim
        self.norm8, self.norm4 = LayerNorm2d(dim), LayerNorm2d(dim)
        self.up8 = nn.ConvTranspose2d(dim, p8, 2, stride=2)
        self.up4 = nn.ConvTranspose2d(dim, p4, 4, stride=4)
        # from random weights the tokens are noise with the pattern of the patches; let them join
        # when they have something to say
        for up in (self.up8, self.up4):
            nn.init.normal_(up.weight, std=1e-3)
        self.down = nn.ConvTranspose2d(p8, p4, 2, stride=2)
        self.lateral8 = nn.Conv2d(_CONV_DIMS[2], p8, 1) if config.conv_path else None
        self.lateral4 = nn.Conv2d(_CONV_DIMS[1], p4, 1) if config.conv_path else None
        self.block8, self.block4 = ResidualConv(p8), ResidualConv(p4)
        self.out8 = nn.Conv2d(p8, config.prompt_dim // 4, 1)
        self.out4 = nn.Conv2d(p4, config.mask_dim, 1)
        self.proposals = nn.Conv2d(p4, 2, 3, padding=1) if config.proposals else None

    def forward(
        self, deep: Tensor, shallow: Tensor, conv: tuple[Tensor, Tensor] | None
    ) -> tuple[tuple[Tensor, Tensor], Tensor | None]:
        """High-resolution features and proposals.

        Parameters
        ----------
        deep, shallow : Tensor
            ``(B, dim, H/16, W/16)`` outputs of two intermediate blocks.
        conv : tuple of Tensor or None
            Stride 4 and stride 8 features of the convolutional path.

        Returns
        -------
        tuple
            Stride 8 and stride 4 features, and the proposal logits or None.
        """
        x8, x4 = self.up8(self.norm8(deep)), self.up4(self.norm4(shallow))
        if conv is not None and self.lateral4 is not None and self.lateral8 is not None:
            x4, x8 = x4 + self.lateral4(conv[0]), x8 + self.lateral8(conv[1])
        x8 = self.block8(x8)
        x4 = self.block4(x4 + self.down(x8))
        proposals = None if self.proposals is None else self.proposals(functional.gelu(x4))
        return (self.out8(x8), self.out4(x4)), proposals


class ImageEncoder(nn.Module):
    """Windows to image embedding and high-resolution features.

    Parameters
    ----------
    config : ModelConfig
        Widths and switches.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim, grid = config.vit_dim, config.grid_size
        self.high_res_layers = config.high_res_layers
        self.patch_embed = nn.Conv2d(3, dim, config.patch_size, stride=config.patch_size)
        self.pos_embed = nn.Parameter(torch.empty(1, grid, grid, dim).normal_(std=0.02))
        self.conv_path = ConvPath(dim) if config.conv_path else None
        self.blocks = nn.ModuleList(
            Block(dim, config.vit_heads, 0 if i in config.vit_global_blocks else config.vit_window)
            for i in range(config.vit_depth)
        )
        self.neck = nn.Sequential(
            nn.Conv2d(dim, config.prompt_dim, 1, bias=False),
            LayerNorm2d(config.prompt_dim),
            nn.Conv2d(config.prompt_dim, config.prompt_dim, 3, padding=1, bias=False),
            LayerNorm2d(config.prompt_dim),
        )
        self.pyramid = Pyramid(config) if config.high_res_layers else None

    def embed_patches(self, image: Tensor, offset: tuple[int, int] = (0, 0)) -> Tensor:
        """Patches plus the crop of the positional grid that the window lies on.

        Parameters
        ----------
        image : Tensor
            ``(B, 3, H, W)`` float, normalised, ``H`` and ``W`` multiples of 16.
        offset : tuple of int
            Row and column, in tokens, of the window on the positional grid.

        Returns
        -------
        Tensor
            ``(B, H/16, W/16, dim)`` float.
        """
        x = self.patch_embed(image).permute(0, 2, 3, 1)
        row, col = offset
        here = self.pos_embed[:, row : row + x.shape[1], col : col + x.shape[2]]
        embedded: Tensor = x + here
        return embedded

    def forward(self, image: Tensor, offset: tuple[int, int] = (0, 0)) -> ImageFeatures:
        """Encode ``(B, 3, H, W)``; see :meth:`embed_patches` for the arguments."""
        image = image.contiguous(memory_format=torch.channels_last)
        x = self.embed_patches(image, offset)
        conv = None
        if self.conv_path is not None:
            conv4, conv8, tokens = self.conv_path(image)
            conv, x = (conv4, conv8), x + tokens.permute(0, 2, 3, 1)
        kept = {}
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.high_res_layers:
                kept[index] = x.permute(0, 3, 1, 2)
        embedding = self.neck(x.permute(0, 3, 1, 2))
        if self.pyramid is None:
            return ImageFeatures(embedding, ())
        deep, shallow = (kept[layer] for layer in self.high_res_layers)
        return ImageFeatures(embedding, *self.pyramid(deep, shallow, conv))
