"""Random looks: augmentation of windows by stain, microscope, camera and contrast.

Functions take all windows of a batch at once; every window draws its own random numbers.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from .atlas import send
from .canvas import PERCENTILES, Piece

_BLUR_REACH = 4  # half width of the blur kernel, pixels


def stretch(rgb: Tensor, pieces: Sequence[Piece], rng: Generator) -> Tensor:
    """Stretch windows between random contrast limits, as users or automatic contrast choose them.

    Parameters
    ----------
    rgb : Tensor
        ``(B, 3, h, w)`` float32 in 0..255.
    pieces : sequence of Piece
        Image of each window, with its percentiles.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Tensor
        ``(B, 3, h, w)`` float32 in 0..1.
    """
    limits = np.array([_limits(piece, rng) for piece in pieces])
    low, high = send(limits, rgb.device).permute(2, 0, 1)[..., None, None]
    return ((rgb - low) / (high - low).clamp(min=2)).clamp(0, 1)


def _limits(piece: Piece, rng: Generator) -> np.ndarray:
    """Lower and upper limit of each channel, ``(3, 2)`` float."""
    if (
        piece.colour and rng.random() < 0.6
    ):  # unchanged, as the automatic contrast leaves colour images
        return np.tile([0.0, 255.0], (3, 1))
    low = np.interp(rng.uniform(0, 2), PERCENTILES[:3], np.arange(3))
    high = np.interp(rng.uniform(0, 1) ** 0.5, (0, 0.7, 1), np.arange(3, 6))
    at = np.arange(len(PERCENTILES))
    return np.array([[np.interp(low, at, row), np.interp(high, at, row)] for row in piece.limits])


def paint(image: Tensor) -> Tensor:
    """Give each window a random look.

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


def _chosen(share: float, image: Tensor) -> Tensor:
    """Random choice of windows, each with probability ``share``: ``(B, 1, 1, 1)`` bool."""
    return torch.rand(len(image), 1, 1, 1, device=image.device) < share


def _each(low: float, high: float, image: Tensor, channels: int = 1) -> Tensor:
    """Uniform random numbers for each window: ``(B, channels, 1, 1)`` float32."""
    return low + (high - low) * torch.rand(len(image), channels, 1, 1, device=image.device)


def _colours(image: Tensor) -> Tensor:
    """Turn windows grey, permute or weigh their channels, or tint them."""
    grey = image.mean(1, keepdim=True).expand_as(image)
    image = torch.where(_chosen(0.25, image), grey, image)
    order = torch.rand(len(image), 3, 1, 1, device=image.device).argsort(1)
    image = torch.where(_chosen(0.15, image), image.gather(1, order.expand_as(image)), image)
    weights = torch.where(_chosen(0.3, image), _each(0.6, 1.3, image, 3), 1.0)
    tint = torch.where(_chosen(0.06, image), _each(0, 1, image, 3), 1.0)
    return image * weights * tint / tint.amax(1, keepdim=True).clamp(min=0.3)


def _tones(image: Tensor) -> Tensor:
    """Change gamma, brightness and contrast, and invert windows."""
    image = image.clamp(0, 1)
    gamma = torch.where(_chosen(0.5, image), _each(-0.8, 0.8, image).exp(), 1.0)
    image = (image + 1e-4) ** gamma
    image = torch.where(_chosen(0.12, image), 1 - image, image)
    scaled = image * _each(0.4, 1.15, image) + _each(-0.05, 0.3, image)
    return torch.where(_chosen(0.6, image), scaled, image)


def _smooth_field(image: Tensor) -> Tensor:
    """Smooth random field of zero mean: ``(B, 1, h, w)`` float32."""
    knots = int(torch.randint(2, 6, ()))
    field = torch.randn(len(image), 1, knots, knots, device=image.device)
    return functional.interpolate(field, image.shape[-2:], mode="bicubic", align_corners=True)


def _light(image: Tensor) -> Tensor:
    """Add uneven illumination and background."""
    lit = image * (1 + _each(0, 0.35, image) * _smooth_field(image))
    lit = lit + _each(0, 0.12, image) * _smooth_field(image)
    return torch.where(_chosen(0.3, image), lit, image)


def _blur(image: Tensor) -> Tensor:
    """Blur windows by different sigmas, and sharpen a few."""
    sigma = torch.where(_chosen(0.35, image), _each(0.3, 1.8, image), 0.05)[:, 0, 0]
    steps = torch.arange(-_BLUR_REACH, _BLUR_REACH + 1, device=image.device)
    kernel = torch.exp(-(steps**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)[:, None]
    b, c, h, w = image.shape
    flat = image.reshape(1, b * c, h, w)
    flat = functional.pad(flat, (_BLUR_REACH,) * 4, mode="reflect")
    flat = functional.conv2d(flat, kernel[..., None], groups=b * c)
    flat = functional.conv2d(flat, kernel[:, :, None], groups=b * c)
    blurred = flat.view(b, c, h, w)
    amount = torch.where(_chosen(0.05, image), _each(0.5, 1.5, image), 0.0)
    return blurred + amount * (blurred - functional.avg_pool2d(blurred, 5, 1, 2))


def _coarsen(image: Tensor) -> Tensor:
    """Halve the resolution of windows, and enlarge them to the old size."""
    small = functional.avg_pool2d(image, 2)
    large = functional.interpolate(small, scale_factor=2, mode="bilinear")
    return torch.where(_chosen(0.08, image), large, image)


def _noise(image: Tensor) -> Tensor:
    """Add photon and camera noise, grey or by channel, fine or coarse."""
    fine = torch.randn_like(image)
    fine = torch.where(_chosen(0.7, image), fine[:, :1], fine)
    coarse = functional.interpolate(fine[..., ::2, ::2], scale_factor=2, mode="bilinear")
    noise = torch.where(_chosen(0.25, image), coarse, fine)
    camera = -0.03 * _each(1e-6, 1, image).log()
    photons = _each(0, 0.1, image) * image.clamp(min=0).sqrt()
    noisy = image + (camera + photons) * noise
    return torch.where(_chosen(0.4, image), noisy, image)
