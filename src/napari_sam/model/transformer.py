"""Two-way transformer between prompt tokens and image (arXiv:2304.02643, figure 14).

All tensors carry the class dimension: ``(B, C, N, D)``. The image may come with ``C = 1`` for all
objects; it is then projected once and expanded, and only becomes one per object when the
prompts have written into it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import Mlp


class CrossAttention(nn.Module):
    """Multi-head attention whose inner width may be smaller than its outer one.

    Parameters
    ----------
    dim, heads : int
        Outer width and number of heads.
    downsample : int
        Inner width is ``dim / downsample``.
    """

    def __init__(self, dim: int, heads: int, downsample: int = 1) -> None:
        super().__init__()
        self.heads = heads
        inner = dim // downsample
        self.q_proj = nn.Linear(dim, inner)
        self.k_proj = nn.Linear(dim, inner)
        self.v_proj = nn.Linear(dim, inner)
        self.out_proj = nn.Linear(inner, dim)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend ``(B, C, Nq, D)`` to ``(B, C, Nk, D)``; ``C`` of either may be 1."""
        classes = max(q.shape[1], k.shape[1])
        out = functional.scaled_dot_product_attention(
            self._split(self.q_proj(q), classes),
            self._split(self.k_proj(k), classes),
            self._split(self.v_proj(v), classes),
        )
        joined = out.transpose(1, 2).flatten(2).unflatten(0, (-1, classes))
        projected: Tensor = self.out_proj(joined)
        return projected

    def _split(self, x: Tensor, classes: int) -> Tensor:
        """``(B, C | 1, N, inner)`` to ``(B * C, heads, N, inner / heads)``."""
        x = x.expand(-1, classes, -1, -1).flatten(0, 1)
        heads: Tensor = x.unflatten(-1, (self.heads, -1))
        return heads.transpose(1, 2)


class TwoWayBlock(nn.Module):
    """Self-attention of the tokens, tokens to image, MLP, image to tokens."""

    def __init__(self, dim: int, heads: int, mlp_dim: int, skip_first_layer_pe: bool) -> None:
        super().__init__()
        self.self_attn = CrossAttention(dim, heads)
        self.norm1 = nn.LayerNorm(dim)
        self.cross_attn_token_to_image = CrossAttention(dim, heads, 2)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, mlp_dim, nn.ReLU())
        self.norm3 = nn.LayerNorm(dim)
        self.cross_attn_image_to_token = CrossAttention(dim, heads, 2)
        self.norm4 = nn.LayerNorm(dim)
        self.skip_first_layer_pe = skip_first_layer_pe

    def forward(
        self, tokens: Tensor, image: Tensor, token_pe: Tensor, image_pe: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Update tokens and image once."""
        if self.skip_first_layer_pe:
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            q = tokens + token_pe
            tokens = tokens + self.self_attn(q, q, tokens)
        tokens = self.norm1(tokens)
        keys = image + image_pe
        tokens = tokens + self.cross_attn_token_to_image(tokens + token_pe, keys, image)
        tokens = self.norm2(tokens)
        tokens = self.norm3(tokens + self.mlp(tokens))
        image = image + self.cross_attn_image_to_token(keys, tokens + token_pe, tokens)
        return tokens, self.norm4(image)


class TwoWayTransformer(nn.Module):
    """A few two-way blocks and a last look of the tokens at the image."""

    def __init__(self, depth: int, dim: int, heads: int, mlp_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            TwoWayBlock(dim, heads, mlp_dim, skip_first_layer_pe=i == 0) for i in range(depth)
        )
        self.final_attn_token_to_image = CrossAttention(dim, heads, 2)
        self.norm_final_attn = nn.LayerNorm(dim)

    def forward(self, image: Tensor, image_pe: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Let tokens and image look at each other.

        Parameters
        ----------
        image : Tensor
            ``(B, C | 1, h * w, D)`` float.
        image_pe : Tensor
            ``(h * w, D)`` float.
        tokens : Tensor
            ``(B, C, n, D)`` float, also used as their own positional encoding.

        Returns
        -------
        tuple of Tensor
            ``(B, C, n, D)`` tokens and ``(B, C, h * w, D)`` image.
        """
        token_pe = tokens
        for layer in self.layers:
            tokens, image = layer(tokens, image, token_pe, image_pe)
        attended = self.final_attn_token_to_image(tokens + token_pe, image + image_pe, image)
        return self.norm_final_attn(tokens + attended), image


def flatten_image(x: Tensor) -> Tensor:
    """``(B, C, D, h, w)`` to ``(B, C, h * w, D)``."""
    return torch.flatten(x, 3).transpose(2, 3)
