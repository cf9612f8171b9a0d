"""Memory attention: conditions the image embedding of a plane on memories of other planes.

Sources: SAM 2 (arXiv:2408.00714, section 4), rotary positions (arXiv:2403.13298), pooled memories
of EfficientTAM (arXiv:2411.18933).

The memories of seven planes are 28,672 tokens, and attention to them takes most of the time of a
plane. The values are averaged in the 64 channels of a memory and projected afterwards: the
projection of an average is the average of the projections, and this order is a third less
arithmetic.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import MemoryConfig
from .layers import add_linear
from .positions import rotary_table, rotate, sine_grid

_FEEDFORWARD = 2048  # hidden width of the perceptron
_POSITION_SHARE = 0.1  # weight of the positional encoding that is added to the image tokens
_QUERIES_AT_ONCE = 256  # their scores for 28,672 keys are one buffer of 29 MB
_TOKENS_AT_ONCE = 512  # the hidden layer of a perceptron then fits in the processor's cache
_Table = tuple[Tensor, Tensor]
"""Cosines and sines of :func:`rotary_table`."""


@dataclass(frozen=True, slots=True, eq=False)
class MemoryTokens:
    """Tokens of the memories that a plane attends to.

    Parameters
    ----------
    features : Tensor
        ``(C, P, h * w, memory_dim)`` memories of ``P`` planes.
    positions : Tensor
        ``(P, h * w, memory_dim)`` encoding of the place and the plane of each memory token.
    pointers : Tensor
        ``(C, n, memory_dim)`` object pointers, cut into tokens as wide as a memory.
    pointer_positions : Tensor
        ``(n, memory_dim)`` encoding of the planes of the pointers.
    """

    features: Tensor
    positions: Tensor
    pointers: Tensor
    pointer_positions: Tensor


class RotaryAttention(nn.Module):
    """Attention of one head with rotary positional encoding (arXiv:2403.13298).

    Parameters
    ----------
    dim : int
        Channels of the queries.
    memory_dim : int
        Channels of the tokens attended to.
    """

    def __init__(self, dim: int, memory_dim: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(dim, dim)
        self.k_proj = nn.Linear(memory_dim, dim)
        self.v_proj = nn.Linear(memory_dim, dim)
        self.out_proj = nn.Linear(dim, dim)

    def queries(self, x: Tensor, table: _Table) -> Tensor:
        """Rotated queries of ``(C, h * w, dim)``."""
        return rotate(_project_pairs(x, self.q_proj), table)

    def keys(self, x: Tensor, table: _Table) -> Tensor:
        """Rotated keys ``(C, h * w, dim)`` of ``(C, h * w, memory_dim)``."""
        return rotate(self.still_keys(x), table)

    def still_keys(self, x: Tensor) -> Tensor:
        """Keys ``(C, n, dim)`` of tokens without a place in the plane: :meth:`keys` unrotated."""
        return _project_pairs(x, self.k_proj)


def _project_pairs(x: Tensor, layer: nn.Linear) -> Tensor:
    """``layer(x)`` with the even channels before the odd.

    In checkpoints, the two channels of a rotation stand side by side. Scores do not depend on the
    order of channels that queries and keys share, and two halves are faster to rotate.
    """
    weight = torch.cat([layer.weight[0::2], layer.weight[1::2]])
    return functional.linear(x, weight, torch.cat([layer.bias[0::2], layer.bias[1::2]]))


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attention ``softmax(q k^T / sqrt(dim) + bias) v`` (arXiv:1706.03762, equation 1).

    Parameters
    ----------
    q, k : Tensor
        ``(C, m, dim)``, ``(C, n, dim)``.
    v : Tensor
        ``(C, n, value_dim)``.
    bias : Tensor or None
        ``(n,)`` added to the scores.

    Returns
    -------
    Tensor
        ``(C, m, value_dim)``.
    """
    if q.device.type != "cpu" or torch.is_grad_enabled() or q.shape[-1] == v.shape[-1]:
        mask = None if bias is None else bias[None]
        # the fused kernels need a dimension of heads
        heads = [x[:, None] for x in (q, k, v)]
        out = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], mask)
        return out[:, 0]
    # torch's fused attention on a CPU needs values as wide as keys; plain matrix products do not
    out = v.new_empty(*q.shape[:2], v.shape[-1])
    scores = q.new_empty(_QUERIES_AT_ONCE, k.shape[1])
    for query, key, value, answer in zip(q / math.sqrt(q.shape[-1]), k, v, out, strict=True):
        for part, target in zip(
            query.split(_QUERIES_AT_ONCE), answer.split(_QUERIES_AT_ONCE), strict=True
        ):
            fit = torch.mm(part, key.t(), out=scores[: len(part)])
            if bias is not None:
                fit += bias
            torch.mm(torch.softmax(fit, dim=-1, out=fit), value, out=target)
    return out


class MemoryAttentionLayer(nn.Module):
    """Self-attention within the plane, attention to the memories, perceptron.

    Parameters
    ----------
    dim : int
        Channels of the image tokens.
    config : MemoryConfig
        Channels of a memory, and the pooling of memories.
    """

    def __init__(self, dim: int, config: MemoryConfig) -> None:
        super().__init__()
        self.pooling = config.pooling
        self.self_attn = RotaryAttention(dim, dim)
        self.cross_attn_image = RotaryAttention(dim, config.dim)
        self.linear1 = nn.Linear(dim, _FEEDFORWARD)
        self.linear2 = nn.Linear(_FEEDFORWARD, dim)
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.norm3 = nn.LayerNorm(dim)

    def forward(self, x: Tensor, memory: MemoryTokens, grid: tuple[int, int]) -> Tensor:
        """Update the image tokens of ``C`` objects.

        Parameters
        ----------
        x : Tensor
            ``(C, h * w, dim)``, or ``(1, h * w, dim)`` while the objects share the image
            tokens, before the first layer.
        memory : MemoryTokens
            Memories and object pointers to attend to.
        grid : tuple of int
            ``h`` and ``w``.

        Returns
        -------
        Tensor
            ``(C, h * w, dim)``.
        """
        table = rotary_table(*grid, x.shape[-1], x.device)
        x = x + self._attend_to_plane(self.norm1(x), table)
        x = x + self._attend_to_memory(self.norm2(x), memory, table, grid)
        return self._add_mlp(x)

    def _attend_to_plane(self, x: Tensor, table: _Table) -> Tensor:
        layer = self.self_attn
        attended = attend(layer.queries(x, table), layer.keys(x, table), layer.v_proj(x))
        out: Tensor = layer.out_proj(attended)
        return out

    def _attend_to_memory(
        self, x: Tensor, memory: MemoryTokens, table: _Table, grid: tuple[int, int]
    ) -> Tensor:
        cross, (objects, planes) = self.cross_attn_image, memory.features.shape[:2]
        pool = planes > 1 and self.pooling != "none"
        keys, values = [], []
        for features, positions in zip(memory.features.unbind(1), memory.positions, strict=True):
            key = cross.keys(features + positions, table)
            keys.append(self._pool_keys(key, grid) if pool else key)
            values.append(_pool(features, grid) if pool else features)
        keys.append(cross.still_keys(memory.pointers + memory.pointer_positions))
        values.append(memory.pointers)
        k, v = torch.cat(keys, dim=1), torch.cat(values, dim=1)
        bias = None
        if pool and self.pooling == "scores":
            bias = k.new_full(k.shape[1:2], math.log(4))
            bias[k.shape[1] - memory.pointers.shape[1] :] = 0
        queries = cross.queries(x, table).expand(objects, -1, -1)
        out: Tensor = cross.out_proj(cross.v_proj(attend(queries, k, v, bias)))
        return out

    def _pool_keys(self, keys: Tensor, grid: tuple[int, int]) -> Tensor:
        pooled = _pool(keys, grid)
        # a mean of four keys should add the logarithm to its score; these checkpoints were trained
        # with it added to the keys
        return pooled + math.log(4) if self.pooling == "keys" else pooled

    def _add_mlp(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            out: Tensor = x + self.linear2(torch.relu(self.linear1(self.norm3(x))))
            return out
        for part in x.view(-1, x.shape[-1]).split(_TOKENS_AT_ONCE):
            add_linear(part, self.linear1(self.norm3(part)).relu_(), self.linear2)
        return x


def _pool(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Mean over 2 x 2 places: ``(C, h * w, n)`` to ``(C, h * w / 4, n)``."""
    image = tokens.transpose(1, 2).unflatten(-1, grid)
    return functional.avg_pool2d(image, 2).flatten(2).transpose(1, 2)


class MemoryAttention(nn.Module):
    """Stack of memory attention layers over the image embedding of a plane.

    Parameters
    ----------
    dim : int
        Channels of the image embedding.
    config : MemoryConfig
        Number of layers, and the switches of each.
    """

    def __init__(self, dim: int, config: MemoryConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(MemoryAttentionLayer(dim, config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, image_embedding: Tensor, memory: MemoryTokens) -> Tensor:
        """Condition the embedding of one plane for ``C`` objects.

        Parameters
        ----------
        image_embedding : Tensor
            ``(1, dim, h, w)``.
        memory : MemoryTokens
            Memories and object pointers to attend to.

        Returns
        -------
        Tensor
            ``(C, dim, h, w)``, channels last in memory.
        """
        h, w = image_embedding.shape[-2:]
        place = sine_grid(h, w, image_embedding.shape[1], image_embedding.device)
        x = image_embedding.flatten(2).transpose(1, 2).contiguous() + _POSITION_SHARE * place
        for layer in self.layers:
            x = layer(x, memory, (h, w))
        conditioned: Tensor = self.norm(x).transpose(1, 2).unflatten(-1, (h, w))
        return conditioned
