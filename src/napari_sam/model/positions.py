"""Encodings of place and time in the memory: sines, and rotations of queries and keys."""

import math
from functools import lru_cache

import torch
from torch import Tensor

_TEMPERATURE = 10000.0
_KEPT = 8  # a session has one or two grids, on one device


@lru_cache(maxsize=_KEPT)
def rotary_table(h: int, w: int, dim: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines that turn pairs of channels by the place of a token.

    The first half of the pairs turns with x, the second with y (axial rotary positions,
    arXiv:2403.13298).

    Parameters
    ----------
    h, w : int
        Tokens along each axis.
    dim : int
        Channels, a multiple of four.
    device : torch.device
        Where the table is.

    Returns
    -------
    cos, sin : Tensor
        ``(h * w, dim / 2)`` float32.
    """
    # an inference tensor could not be used by a later training step
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
    """Turn each pair of channels of each token by its angle.

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


@lru_cache(maxsize=_KEPT)
def sine_grid(h: int, w: int, dim: int, device: torch.device) -> Tensor:
    """Sines of the place of each token, y in the first half of the channels, x in the second.

    The encoding of DETR (arXiv:2005.12872) with positions normalised to a full turn.

    Parameters
    ----------
    h, w : int
        Tokens along each axis.
    dim : int
        Channels, a multiple of four.
    device : torch.device
        Where the encoding is.

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
    """Sines of times (arXiv:1706.03762, section 3.5): ``(n,)`` to ``(n, dim)`` float.

    As SAM 2 has it: two channels in a row share a wavelength, sines in the first half.
    """
    pair = torch.arange(dim // 2, device=times.device) // 2
    angles = times[:, None] / _TEMPERATURE ** (4 * pair / dim)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
