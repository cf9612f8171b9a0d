"""Encodings of position and time for the memory: sines, and rotations of queries and keys."""

import math
from functools import lru_cache

import torch
from torch import Tensor

_TEMPERATURE = 10000.0  # longest over shortest wavelength, about
_CACHED_GRIDS = 8  # tables in memory; a session has one or two grids, on one device


@lru_cache(maxsize=_CACHED_GRIDS)
def rotary_table(h: int, w: int, dim: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines that rotate pairs of channels by the position of a token.

    The first half of the pairs is rotated by x, the second by y (axial rotary positional encoding,
    arXiv:2403.13298).

    Parameters
    ----------
    h, w : int
        Tokens along each axis.
    dim : int
        Channels, a multiple of four.
    device : torch.device
        Device of the table.

    Returns
    -------
    cos, sin : Tensor
        ``(h * w, dim / 2)`` float32.
    """
    # the cached table may be used in training later, which refuses inference tensors
    with torch.inference_mode(False):
        frequencies = _TEMPERATURE ** -(torch.arange(0, dim, 4, device=device) / dim)
        y, x = _places(h, w, device)
        angles = torch.cat([torch.outer(x, frequencies), torch.outer(y, frequencies)], dim=-1)
        return angles.cos(), angles.sin()


def _places(h: int, w: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row and column of each token, ``(h * w,)`` float32."""
    place = torch.arange(h * w, device=device)
    return (place // w).float(), (place % w).float()


def rotate(x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate each pair of channels of each token by the angle of its position.

    Parameters
    ----------
    x : Tensor
        ``(..., n, dim)``; the first half of the channels are the first of each pair.
    table : tuple of Tensor
        From :func:`rotary_table`, ``n`` tokens.

    Returns
    -------
    Tensor
        Same shape.
    """
    (cos, sin), (a, b) = table, x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


@lru_cache(maxsize=_CACHED_GRIDS)
def sine_grid(h: int, w: int, dim: int, device: torch.device) -> Tensor:
    """Sine encoding of each position: y in the first half of the channels, x in the second.

    The encoding of DETR (arXiv:2005.12872) with positions normalised to ``2 pi``.

    Parameters
    ----------
    h, w : int
        Tokens along each axis.
    dim : int
        Channels, a multiple of four.
    device : torch.device
        Device of the encoding.

    Returns
    -------
    Tensor
        ``(h * w, dim)`` float32.
    """
    with torch.inference_mode(False):
        pair = torch.arange(dim // 4, device=device)
        wavelength = _TEMPERATURE ** (4 * pair / dim)
        y, x = _places(h, w, device)
        turns = ((y + 1) / (h + 1e-6), (x + 1) / (w + 1e-6))
        angles = (2 * math.pi * turn[:, None] / wavelength for turn in turns)
        halves = [torch.stack([a.sin(), a.cos()], dim=-1).flatten(1) for a in angles]
        return torch.cat(halves, dim=-1)


def sine_times(times: Tensor, dim: int) -> Tensor:
    """Sine encoding (arXiv:1706.03762, section 3.5) of times ``(n,)``: ``(n, dim)`` float.

    In the layout of SAM 2: two neighbouring channels share a wavelength, sines fill the first half.
    """
    pair = torch.arange(dim // 2, device=times.device) // 2
    angles = times[:, None] / _TEMPERATURE ** (4 * pair / dim)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
