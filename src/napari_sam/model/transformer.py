"""Two-way transformer between prompt tokens and image (arXiv:2304.02643, figure 14).

All tensors carry the class dimension: ``(B, C, N, D)``. The image has ``C = 1`` until the prompts
of the objects have written into it. A handful of tokens meets thousands of image positions, so the
projections of the image are moved to the tokens, where they cost next to nothing:
``q (x W)' = (q W') x'``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import Mlp

_POSITIONS_AT_ONCE = 512  # image positions whose update fits in the processor's cache


class CrossAttention(nn.Module):
    """Multi-head attention with an optionally smaller inner width.

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
        self.inner = dim // downsample
        self.scale = (self.inner // heads) ** -0.5
        self.q_proj = nn.Linear(dim, self.inner)
        self.k_proj = nn.Linear(dim, self.inner)
        self.v_proj = nn.Linear(dim, self.inner)
        self.out_proj = nn.Linear(self.inner, dim)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend ``(B, C, Nq, D)`` to ``(B, C, Nk, D)``."""
        return self.attend(self.q_proj(q), self.k_proj(k), self.v_proj(v))

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """As :meth:`forward`, of projected queries, keys and values; ``C`` of each may be 1."""
        q, k, v = self.split(q), self.split(k), self.split(v)
        out = functional.scaled_dot_product_attention(q, k, v)
        projected: Tensor = self.out_proj(out.transpose(2, 3).flatten(3))
        return projected

    def split(self, x: Tensor) -> Tensor:
        """``(B, C, N, inner)`` to ``(B, C, heads, N, inner / heads)``."""
        heads: Tensor = x.unflatten(-1, (self.heads, -1))
        return heads.transpose(2, 3)

    def read(self, tokens: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Attention of tokens ``(B, C, n, D)`` to the image ``(B, C | 1, N, D)``."""
        n = tokens.shape[2]
        query = self.split(self.q_proj(tokens)) * self.scale
        # the bias of the keys shifts all scores of a token alike, which softmax ignores
        query = query @ self._per_head(self.k_proj.weight)
        scores = query.flatten(2, 3) @ keys.transpose(2, 3)
        context = (scores.softmax(-1) @ values).unflatten(2, (self.heads, n))
        context = context @ self._per_head(self.v_proj.weight).transpose(1, 2)
        out: Tensor = self.out_proj(context.transpose(2, 3).flatten(3) + self.v_proj.bias)
        return out

    def read_projected(self, tokens: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """As :meth:`read`, of projected keys and values ``(B, C | 1, N, inner)``."""
        query = self.split(self.q_proj(tokens)) * self.scale
        scores = query @ self.split(keys).transpose(3, 4)
        context = scores.softmax(-1) @ self.split(values)
        out: Tensor = self.out_proj(context.transpose(2, 3).flatten(3))
        return out

    def write(self, image: Tensor, keys: Tensor, values: Tensor) -> "Written":
        """Attention of the image ``(B, C | 1, N, D)`` to tokens ``(B, C, n, D)``."""
        key = self.split(self.k_proj(keys)) * self.scale
        bias = key @ self.q_proj.bias.view(self.heads, -1, 1)
        key = key @ self._per_head(self.q_proj.weight)
        scores = (key.flatten(2, 3) @ image.transpose(2, 3)).unflatten(2, key.shape[2:4])
        return self._written(scores + bias, values)

    def write_projected(self, queries: Tensor, keys: Tensor, values: Tensor) -> "Written":
        """As :meth:`write`, of projected queries ``(B, C | 1, N, inner)`` of the image."""
        key = self.split(self.k_proj(keys)) * self.scale
        return self._written(key @ self.split(queries).transpose(3, 4), values)

    def _written(self, scores: Tensor, values: Tensor) -> "Written":
        """Update of the image from scores ``(B, C, heads, n, N)`` and tokens ``(B, C, n, D)``."""
        projection = self.out_proj.weight.t().unflatten(0, (self.heads, -1))
        value = (self.split(self.v_proj(values)) @ projection).flatten(2, 3)
        return Written(scores.softmax(3).flatten(2, 3), value, self.out_proj.bias)

    def _per_head(self, weight: Tensor) -> Tensor:
        """``(inner, D)`` to ``(heads, inner / heads, D)``."""
        heads: Tensor = weight.unflatten(0, (self.heads, -1))
        return heads


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Update of the image by the tokens, as factors of a matrix product.

    Parameters
    ----------
    probability : Tensor
        ``(B, C, heads * n, N)`` float: attention of each image position to each token.
    value : Tensor
        ``(B, C, heads * n, D)`` float: projected tokens.
    bias : Tensor
        ``(D,)`` float, of the output projection.
    """

    probability: Tensor
    value: Tensor
    bias: Tensor

    def add_to(self, image: Tensor, positions: slice) -> Tensor:
        """Sum of update and image ``(B, C | 1, N, D)`` at some positions: ``(B, C, n, D)``."""
        written = self.probability[..., positions].transpose(2, 3) @ self.value
        return written.add_(self.bias).add_(image[:, :, positions])


@dataclass(frozen=True, slots=True, eq=False)
class ImageTokens:
    """Image tokens and their projections, computed once for all points and boxes.

    Parameters
    ----------
    tokens : Tensor
        ``(B, C | 1, N, D)`` float, one token for each patch; ``C`` objects with mask prompts.
    position : Tensor
        ``(N, D)`` float positional encoding.
    keys, values, queries : Tensor
        ``(B, C | 1, N, D / 2)`` float, projections in the first block.
    """

    tokens: Tensor
    position: Tensor
    keys: Tensor
    values: Tensor
    queries: Tensor


class TwoWayBlock(nn.Module):
    """Self-attention of the tokens, tokens to image, MLP, image to tokens."""

    def __init__(self, dim: int, heads: int, mlp_dim: int) -> None:
        super().__init__()
        self.self_attn = CrossAttention(dim, heads)
        self.norm1 = nn.LayerNorm(dim)
        self.cross_attn_token_to_image = CrossAttention(dim, heads, 2)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, mlp_dim, nn.ReLU())
        self.norm3 = nn.LayerNorm(dim)
        self.cross_attn_image_to_token = CrossAttention(dim, heads, 2)
        self.norm4 = nn.LayerNorm(dim)

    def prepare(self, image: Tensor, position: Tensor) -> ImageTokens:
        """Project an image ``(B, C | 1, N, D)`` before any token has written into it."""
        positioned = image + position
        return ImageTokens(
            image,
            position,
            self.cross_attn_token_to_image.k_proj(positioned),
            self.cross_attn_token_to_image.v_proj(image),
            self.cross_attn_image_to_token.q_proj(positioned),
        )

    def start(self, tokens: Tensor, image: ImageTokens) -> tuple[Tensor, Tensor, Tensor]:
        """Update tokens and image in the first block, where tokens are their own positions.

        Returns
        -------
        tuple of Tensor
            Tokens ``(B, C, n, D)``, image ``(B, C, N, D)``, and image plus positional encoding.
        """
        token_pe = tokens
        tokens = self.norm1(self.self_attn(tokens, tokens, tokens))
        read = self.cross_attn_token_to_image.read_projected
        tokens = self._add_mlp(tokens, read(tokens + token_pe, image.keys, image.values))
        write = self.cross_attn_image_to_token.write_projected
        written = write(image.queries, tokens + token_pe, tokens)
        return tokens, *self._update(image.tokens, written, image.position)

    def forward(
        self, tokens: Tensor, image: Tensor, positioned: Tensor, token_pe: Tensor, image_pe: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Update tokens and image in a later block; ``positioned`` is ``image + image_pe``."""
        q = tokens + token_pe
        tokens = self.norm1(tokens + self.self_attn(q, q, tokens))
        read = self.cross_attn_token_to_image.read(tokens + token_pe, positioned, image)
        tokens = self._add_mlp(tokens, read)
        written = self.cross_attn_image_to_token.write(positioned, tokens + token_pe, tokens)
        return tokens, *self._update(image, written, image_pe)

    def _add_mlp(self, tokens: Tensor, read: Tensor) -> Tensor:
        tokens = self.norm2(tokens + read)
        out: Tensor = self.norm3(tokens + self.mlp(tokens))
        return out

    def _update(self, image: Tensor, written: Written, image_pe: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised sum of image and update, and the same plus the positional encoding.

        Without gradients 512 positions at a time, which fit in the processor's cache.
        """
        count = image.shape[2]
        if torch.is_grad_enabled():
            updated = self.norm4(written.add_to(image, slice(count)))
            return updated, updated + image_pe
        updated = image.new_empty(*written.value.shape[:2], *image.shape[2:])
        positioned = torch.empty_like(updated)
        for start in range(0, count, _POSITIONS_AT_ONCE):
            part = slice(start, min(start + _POSITIONS_AT_ONCE, count))
            normed = self.norm4(written.add_to(image, part))
            updated[:, :, part] = normed
            torch.add(normed, image_pe[part], out=positioned[:, :, part])
        return updated, positioned


class TwoWayTransformer(nn.Module):
    """Two-way blocks and a last attention of the tokens to the image."""

    def __init__(self, depth: int, dim: int, heads: int, mlp_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayBlock(dim, heads, mlp_dim) for _ in range(depth))
        self.final_attn_token_to_image = CrossAttention(dim, heads, 2)
        self.norm_final_attn = nn.LayerNorm(dim)

    def prepare(self, image: Tensor, position: Tensor) -> ImageTokens:
        """Compute the part that depends on the image alone.

        Parameters
        ----------
        image : Tensor
            ``(B, C | 1, N, D)`` float, with the dense embeddings added.
        position : Tensor
            ``(N, D)`` float positional encoding.
        """
        first: TwoWayBlock = self.layers[0]  # type: ignore[assignment]
        return first.prepare(image, position)

    def forward(self, image: ImageTokens, tokens: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Update tokens and image by each other.

        Parameters
        ----------
        image : ImageTokens
            From :meth:`prepare`.
        tokens : Tensor
            ``(B, C, n, D)`` float, also used as their own positional encoding.
        count : int
            Number of output tokens, which come first; only these take part in the last attention.

        Returns
        -------
        tuple of Tensor
            ``(B, C, count, D)`` tokens and ``(B, C, N, D)`` image.
        """
        token_pe = tokens
        first, *later = cast(Iterable[TwoWayBlock], self.layers)
        tokens, updated, positioned = first.start(tokens, image)
        for layer in later:
            tokens, updated, positioned = layer(
                tokens, updated, positioned, token_pe, image.position
            )
        tokens, token_pe = tokens[:, :, :count], token_pe[:, :, :count]
        attended = self.final_attn_token_to_image.read(tokens + token_pe, positioned, updated)
        return self.norm_final_attn(tokens + attended), updated


def flatten_image(x: Tensor) -> Tensor:
    """``(B, C, D, h, w)`` to ``(B, C, h * w, D)``."""
    return torch.flatten(x, 3).transpose(2, 3)
