"""Looks: the same objects as another stain, microscope, camera or user's contrast would show them.

All windows of a batch at once; what is random differs from window to window.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from .atlas import send
from .canvas import PERCENTILES, Piece

_BLUR_REACH = 4  # pixels on each side


def stretch(rgb: Tensor, pieces: Sequence[Piece], rng: Generator) -> Tensor:
    """Contrast limits as a user or the automatic contrast might choose them.

    Parameters
    ----------
    rgb : Tensor
        ``(B, 3, h, w)`` float32 in 0..255.
    pieces : sequence of Piece
        Of which image each window is.
    rng : Generator
        Source of the choices.

    Returns
    -------
    Tensor
        ``(B, 3, h, w)`` float32 in 0..1.
    """
    limits = np.array([_limits(piece, rng) for piece in pieces])
    low, high = send(limits, rgb.device).permute(2, 0, 1)[..., None, None]
    return ((rgb - low) / (high - low).clamp(min=2)).clamp(0, 1)


def _limits(piece: Piece, rng: Generator) -> np.ndarray:
    """``(3, 2)``: lower and upper limit of each channel."""
    if piece.colour and rng.random() < 0.6:  # as it is, as the automatic contrast leaves it
        return np.tile([0.0, 255.0], (3, 1))
    low = np.interp(rng.uniform(0, 2), PERCENTILES[:3], np.arange(3))
    high = np.interp(rng.uniform(0, 1) ** 0.5, (0, 0.7, 1), np.arange(3, 6))
    at = np.arange(len(PERCENTILES))
    return np.array([[np.interp(low, at, row), np.interp(high, at, row)] for row in piece.limits])


def paint(image: Tensor) -> Tensor:
    """A random look of each window.

    Parameters
    ----------
    image : Tensor
        ``(B, 3, h, w)`` float32 in 0..1.

    Returns
    -------
    Tensor
        ``(B, 3, h, w)`` float32 in 0..255.
    """
    image = _colours(image)
    image = _tones(image)
    image = _light(image)
    image = _blur(image)
    image = _coarsen(image)
    return 255 * _noise(image).clamp(0, 1)


def _some(share: float, image: Tensor) -> Tensor:
    """Which windows: ``(B, 1, 1, 1)`` bool."""
    return torch.rand(len(image), 1, 1, 1, device=image.device) < share


def _each(low: float, high: float, image: Tensor, channels: int = 1) -> Tensor:
    """A random number for each window: ``(B, channels, 1, 1)``."""
    return low + (high - low) * torch.rand(len(image), channels, 1, 1, device=image.device)


def _colours(image: Tensor) -> Tensor:
    """Grey, tinted, with channels exchanged or weighed otherwise."""
    grey = image.mean(1, keepdim=True).expand_as(image)
    image = torch.where(_some(0.25, image), grey, image)
    order = torch.rand(len(image), 3, 1, 1, device=image.device).argsort(1)
    image = torch.where(_some(0.15, image), image.gather(1, order.expand_as(image)), image)
    weights = torch.where(_some(0.3, image), _each(0.6, 1.3, image, 3), 1.0)
    tint = torch.where(_some(0.06, image), _each(0, 1, image, 3), 1.0)
    return image * weights * tint / tint.amax(1, keepdim=True).clamp(min=0.3)


def _tones(image: Tensor) -> Tensor:
    """Gamma, negative, brightness and contrast."""
    image = image.clamp(0, 1)
    gamma = torch.where(_some(0.5, image), _each(-0.8, 0.8, image).exp(), 1.0)
    image = (image + 1e-4) ** gamma
    image = torch.where(_some(0.12, image), 1 - image, image)
    scaled = image * _each(0.4, 1.15, image) + _each(-0.05, 0.3, image)
    return torch.where(_some(0.6, image), scaled, image)


def _smooth_field(image: Tensor) -> Tensor:
    """Random values about 0 that change slowly: ``(B, 1, h, w)``."""
    knots = int(torch.randint(2, 6, ()))
    field = torch.randn(len(image), 1, knots, knots, device=image.device)
    return functional.interpolate(field, image.shape[-2:], mode="bicubic", align_corners=True)


def _light(image: Tensor) -> Tensor:
    """Uneven illumination and background."""
    lit = image * (1 + _each(0, 0.35, image) * _smooth_field(image))
    lit = lit + _each(0, 0.12, image) * _smooth_field(image)
    return torch.where(_some(0.3, image), lit, image)


def _blur(image: Tensor) -> Tensor:
    """Out of focus, each window as much as it likes; a few are sharpened instead."""
    sigma = torch.where(_some(0.35, image), _each(0.3, 1.8, image), 0.05)[:, 0, 0]
    steps = torch.arange(-_BLUR_REACH, _BLUR_REACH + 1, device=image.device)
    kernel = torch.exp(-(steps**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)[:, None]
    b, c, h, w = image.shape
    flat = image.reshape(1, b * c, h, w)
    flat = functional.pad(flat, (_BLUR_REACH,) * 4, mode="reflect")
    flat = functional.conv2d(flat, kernel[..., None], groups=b * c)
    flat = functional.conv2d(flat, kernel[:, :, None], groups=b * c)
    blurred = flat.view(b, c, h, w)
    amount = torch.where(_some(0.05, image), _each(0.5, 1.5, image), 0.0)
    return blurred + amount * (blurred - functional.avg_pool2d(blurred, 5, 1, 2))


def _coarsen(image: Tensor) -> Tensor:
    """Fewer pixels than there are, made large again."""
    small = functional.avg_pool2d(image, 2)
    large = functional.interpolate(small, scale_factor=2, mode="bilinear")
    return torch.where(_some(0.08, image), large, image)


def _noise(image: Tensor) -> Tensor:
    """Noise of photons and of the camera, grey or of each channel, fine or coarse."""
    fine = torch.randn_like(image)
    fine = torch.where(_some(0.7, image), fine[:, :1], fine)
    coarse = functional.interpolate(fine[..., ::2, ::2], scale_factor=2, mode="bilinear")
    noise = torch.where(_some(0.25, image), coarse, fine)
    camera = -0.03 * _each(1e-6, 1, image).log()
    photons = _each(0, 0.1, image) * image.clamp(min=0).sqrt()
    noisy = image + (camera + photons) * noise
    return torch.where(_some(0.4, image), noisy, image)
