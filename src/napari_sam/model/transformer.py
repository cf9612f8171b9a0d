"""Two-way transformer between prompt tokens and image (arXiv:2304.02643, figure 14).

All tensors carry the class dimension: ``(B, C, N, D)``; the image comes with ``C = 1`` as long as
the prompts of the objects have not written into it. Few tokens meet thousands of image positions,
so the projections of the image are moved to the tokens, where they cost next to nothing:
``q (x W) = (q W') x``. The sums are the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import Mlp

_PLACES_AT_ONCE = 512  # of the image


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
        """As :meth:`forward`, with what is projected already; ``C`` of any may be 1."""
        q, k, v = self.split(q), self.split(k), self.split(v)
        out = functional.scaled_dot_product_attention(q, k, v)
        projected: Tensor = self.out_proj(out.transpose(2, 3).flatten(3))
        return projected

    def split(self, x: Tensor) -> Tensor:
        """``(B, C, N, inner)`` to ``(B, C, heads, N, inner / heads)``."""
        heads: Tensor = x.unflatten(-1, (self.heads, -1))
        return heads.transpose(2, 3)

    def read(self, tokens: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Tokens ``(B, C, n, D)`` look at the image ``(B, C | 1, N, D)``: ``(B, C, n, D)``."""
        n = tokens.shape[2]
        query = self.split(self.q_proj(tokens)) * self.scale
        # a bias of the keys would shift all scores of a token alike
        query = query @ self._per_head(self.k_proj.weight)
        scores = query.flatten(2, 3) @ keys.transpose(2, 3)
        context = (scores.softmax(-1) @ values).unflatten(2, (self.heads, n))
        context = context @ self._per_head(self.v_proj.weight).transpose(1, 2)
        out: Tensor = self.out_proj(context.transpose(2, 3).flatten(3) + self.v_proj.bias)
        return out

    def read_projected(self, tokens: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """As :meth:`read`, with keys and values ``(B, C | 1, N, inner)`` projected before."""
        query = self.split(self.q_proj(tokens)) * self.scale
        scores = query @ self.split(keys).transpose(3, 4)
        context = scores.softmax(-1) @ self.split(values)
        out: Tensor = self.out_proj(context.transpose(2, 3).flatten(3))
        return out

    def write(self, image: Tensor, keys: Tensor, values: Tensor) -> "Written":
        """The image ``(B, C | 1, N, D)`` looks at tokens ``(B, C, n, D)``."""
        key = self.split(self.k_proj(keys)) * self.scale
        bias = key @ self.q_proj.bias.view(self.heads, -1, 1)
        key = key @ self._per_head(self.q_proj.weight)
        scores = (key.flatten(2, 3) @ image.transpose(2, 3)).unflatten(2, key.shape[2:4])
        return self._written(scores + bias, values)

    def write_projected(self, queries: Tensor, keys: Tensor, values: Tensor) -> "Written":
        """As :meth:`write`, with the queries of the image ``(B, C | 1, N, inner)`` projected."""
        key = self.split(self.k_proj(keys)) * self.scale
        return self._written(key @ self.split(queries).transpose(3, 4), values)

    def _written(self, scores: Tensor, values: Tensor) -> "Written":
        """Scores ``(B, C, heads, n, N)`` and tokens ``(B, C, n, D)``."""
        projection = self.out_proj.weight.t().unflatten(0, (self.heads, -1))
        value = (self.split(self.v_proj(values)) @ projection).flatten(2, 3)
        return Written(scores.softmax(3).flatten(2, 3), value, self.out_proj.bias)

    def _per_head(self, weight: Tensor) -> Tensor:
        """``(inner, D)`` to ``(heads, inner / heads, D)``."""
        heads: Tensor = weight.unflatten(0, (self.heads, -1))
        return heads


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What the tokens write into the image, not yet multiplied out.

    Parameters
    ----------
    probability : Tensor
        ``(B, C, heads * n, N)`` float.
    value : Tensor
        ``(B, C, heads * n, D)`` float.
    bias : Tensor
        ``(D,)`` float.
    """

    probability: Tensor
    value: Tensor
    bias: Tensor

    def add_to(self, image: Tensor, where: slice) -> Tensor:
        """Some places of the image ``(B, C | 1, N, D)`` with what is written there."""
        written = self.probability[..., where].transpose(2, 3) @ self.value
        return written.add_(self.bias).add_(image[:, :, where])


@dataclass(frozen=True, slots=True, eq=False)
class ImageTokens:
    """The image as the transformer takes it: all that depends on no point and no box.

    Parameters
    ----------
    tokens : Tensor
        ``(B, C | 1, N, D)`` float, one token a patch.
    position : Tensor
        ``(N, D)`` float.
    keys, values, queries : Tensor
        ``(B, C | 1, N, D / 2)`` float, projections for the first block.
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
        """Project an image that no token has written into yet."""
        here = image + position
        return ImageTokens(
            image,
            position,
            self.cross_attn_token_to_image.k_proj(here),
            self.cross_attn_token_to_image.v_proj(image),
            self.cross_attn_image_to_token.q_proj(here),
        )

    def start(self, tokens: Tensor, image: ImageTokens) -> tuple[Tensor, Tensor, Tensor]:
        """Update tokens and image as the first block, in which tokens are their own positions.

        Returns
        -------
        tuple of Tensor
            Tokens, image, and the image with its positions added.
        """
        token_pe = tokens
        tokens = self.norm1(self.self_attn(tokens, tokens, tokens))
        read = self.cross_attn_token_to_image.read_projected
        tokens = self._think(tokens, read(tokens + token_pe, image.keys, image.values))
        write = self.cross_attn_image_to_token.write_projected
        written = write(image.queries, tokens + token_pe, tokens)
        return tokens, *self._take(image.tokens, written, image.position)

    def forward(
        self, tokens: Tensor, image: Tensor, here: Tensor, token_pe: Tensor, image_pe: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Update tokens and image as a later block; ``here`` is ``image + image_pe``."""
        q = tokens + token_pe
        tokens = self.norm1(tokens + self.self_attn(q, q, tokens))
        read = self.cross_attn_token_to_image.read(tokens + token_pe, here, image)
        tokens = self._think(tokens, read)
        written = self.cross_attn_image_to_token.write(here, tokens + token_pe, tokens)
        return tokens, *self._take(image, written, image_pe)

    def _think(self, tokens: Tensor, read: Tensor) -> Tensor:
        tokens = self.norm2(tokens + read)
        thought: Tensor = self.norm3(tokens + self.mlp(tokens))
        return thought

    def _take(self, image: Tensor, written: Written, image_pe: Tensor) -> tuple[Tensor, Tensor]:
        """The image after the tokens wrote into it, and the same with its positions.

        Without gradients a few places at a time, which then stay in the processor's cache.
        """
        places = image.shape[2]
        if torch.is_grad_enabled():
            seen = self.norm4(written.add_to(image, slice(places)))
            return seen, seen + image_pe
        seen = image.new_empty(*written.value.shape[:2], *image.shape[2:])
        here = torch.empty_like(seen)
        for start in range(0, places, _PLACES_AT_ONCE):
            where = slice(start, min(start + _PLACES_AT_ONCE, places))
            normed = self.norm4(written.add_to(image, where))
            seen[:, :, where] = normed
            torch.add(normed, image_pe[where], out=here[:, :, where])
        return seen, here


class TwoWayTransformer(nn.Module):
    """A few two-way blocks and a last look of the tokens at the image."""

    def __init__(self, depth: int, dim: int, heads: int, mlp_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayBlock(dim, heads, mlp_dim) for _ in range(depth))
        self.final_attn_token_to_image = CrossAttention(dim, heads, 2)
        self.norm_final_attn = nn.LayerNorm(dim)

    def prepare(self, image: Tensor, position: Tensor) -> ImageTokens:
        """What depends on the image alone.

        Parameters
        ----------
        image : Tensor
            ``(B, C | 1, N, D)`` float.
        position : Tensor
            ``(N, D)`` float.
        """
        first: TwoWayBlock = self.layers[0]  # type: ignore[assignment]
        return first.prepare(image, position)

    def forward(self, image: ImageTokens, tokens: Tensor, wanted: int) -> tuple[Tensor, Tensor]:
        """Let tokens and image look at each other.

        Parameters
        ----------
        image : ImageTokens
            From :meth:`prepare`.
        tokens : Tensor
            ``(B, C, n, D)`` float, also used as their own positional encoding.
        wanted : int
            How many of the tokens, from the first on, are asked for: only they look at the image
            for the last time.

        Returns
        -------
        tuple of Tensor
            ``(B, C, wanted, D)`` tokens and ``(B, C, N, D)`` image.
        """
        token_pe = tokens
        first, *later = cast(Iterable[TwoWayBlock], self.layers)
        tokens, seen, here = first.start(tokens, image)
        for layer in later:
            tokens, seen, here = layer(tokens, seen, here, token_pe, image.position)
        tokens, token_pe = tokens[:, :, :wanted], token_pe[:, :, :wanted]
        attended = self.final_attn_token_to_image.read(tokens + token_pe, here, seen)
        return self.norm_final_attn(tokens + attended), seen


def flatten_image(x: Tensor) -> Tensor:
    """``(B, C, D, h, w)`` to ``(B, C, h * w, D)``."""
    return torch.flatten(x, 3).transpose(2, 3)
