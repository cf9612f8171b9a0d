"""What a microscope and a camera add: defocus, uneven light, dirt, noise, 8 bits."""

import io

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as Picture

from .fields import Image, Shape, blur, chance, log_uniform, pick, ramp, smooth_noise


def normal(image: Image) -> Image:
    """Scaled so that all but a few pixels lie in 0..1."""
    low, high = np.percentile(image[::3, ::3], [0.2, 99.8])
    return ((image - low) / max(float(high - low), 1e-6)).astype(np.float32)


def shot_noise(rng: Generator, image: Image, size: float) -> Image:
    """Photon and read noise on an image of 0..1; less where the objects are small."""
    tolerable = float(np.clip(size / 40, 0.3, 1.5))
    photons = log_uniform(rng, 60, 5000) / tolerable
    read = min(rng.exponential(0.02), 0.06) * tolerable
    deviation = np.sqrt(np.clip(image, 0, None) / photons + read**2)
    noise = rng.standard_normal(image.shape, np.float32)
    if chance(rng, 0.2):  # as after a camera's interpolation or a scan line filter
        noise = 2.2 * blur(noise, 0.7)
    return image + deviation * noise


def defocus(rng: Generator, image: Image, size: float) -> Image:
    """Blur by a small part of the objects' size, sometimes growing across the picture."""
    sigma = min(log_uniform(rng, 0.3, 2.5), 0.02 + 0.07 * size)
    sharp = blur(image, sigma)
    if not chance(rng, 0.15):
        return sharp
    soft = blur(image, sigma + min(0.1 * size, 6))
    weight = ramp(rng, (image.shape[0], image.shape[1])) ** 2
    return sharp + weight * (soft - sharp)


def uneven_light(rng: Generator, image: Image, amount: float = 0.3) -> Image:
    """Vignetting, a slope, or slow blotches, multiplied on ``(H, W, ...)``."""
    light = _illumination(rng, (image.shape[0], image.shape[1]), amount)
    return image * light.reshape(light.shape + (1,) * (image.ndim - 2))


def _illumination(rng: Generator, shape: Shape, amount: float) -> Image:
    kind = pick(rng, "vignette", "slope", "blotches", "none", "none")
    strength = rng.uniform(0, amount)
    if kind == "vignette":
        y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
        dy, dx = rng.normal(0, 0.3, 2)
        away = (y[:, None] - np.float32(dy)) ** 2 + (x - np.float32(dx)) ** 2
        return np.asarray(1 - strength / 1.5 * away, np.float32)
    if kind == "slope":
        return 1 - strength * ramp(rng, shape)
    if kind == "blotches":
        return 1 + 0.4 * strength * smooth_noise(rng, shape, shape[0] / 6)
    return np.ones(shape, np.float32)


def scan_faults(rng: Generator, image: Image) -> Image:
    """Now and then stripes or hot pixels."""
    h, w = image.shape
    if chance(rng, 0.06):
        lines = np.asarray(rng.normal(0, rng.uniform(0.005, 0.03), h), np.float32)
        image = image + (lines[:, None] if chance(rng, 0.5) else lines[np.arange(w) % h])
    if chance(rng, 0.06):
        image = image.copy()
        hot = rng.integers(0, h * w, int(rng.integers(3, 60)))
        image.flat[hot] = rng.uniform(0.5, 1.2, len(hot))
    return image


def channel(rng: Generator, image: Image, size: float) -> Image:
    """One channel as the camera gives it, about 0..1."""
    return scan_faults(rng, shot_noise(rng, normal(defocus(rng, image, size)), size))


def quantise(rng: Generator, image: Image) -> NDArray[np.uint8]:
    """8 bits of ``(H, W)`` or ``(H, W, 3)``, at times of a small range or compressed."""
    if chance(rng, 0.3):
        span = log_uniform(rng, 0.2, 1)
        image = image * span + rng.uniform(0, 1 - span) * (1 if image.ndim == 2 else 0.3)
    pixels = (255 * np.clip(image, 0, 1) + 0.5).astype(np.uint8)
    return jpeg(pixels, int(rng.integers(35, 90))) if chance(rng, 0.15) else pixels


def jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """As after a lossy compression."""
    with io.BytesIO() as file:
        Picture.fromarray(pixels).save(file, "JPEG", quality=quality)
        return np.asarray(Picture.open(file)).copy()


def grey(rng: Generator, image: Image, size: float) -> NDArray[np.uint8]:
    """The whole way of a single channel."""
    return quantise(rng, channel(rng, uneven_light(rng, normal(image)), size))


def colours(rng: Generator, channels: list[Image], size: float) -> NDArray[np.uint8]:
    """A composite of 1 to 3 fluorescence channels in any assignment of colours."""
    shot = [channel(rng, uneven_light(rng, normal(c)), size) for c in channels]
    if chance(rng, 0.7):
        palette = np.eye(3, dtype=np.float32)[rng.permutation(3)[: len(shot)]]
    else:  # cyan, magenta, yellow, or any other
        palette = rng.choice([0.0, 0.3, 1.0], (len(shot), 3)).astype(np.float32)
        palette += np.eye(3, dtype=np.float32)[rng.permutation(3)[: len(shot)]]
        palette /= palette.max(1, keepdims=True)
    layers = [np.clip(c, 0, 1)[..., None] * colour for c, colour in zip(shot, palette, strict=True)]
    return quantise(rng, np.clip(sum(layers[1:], layers[0]), 0, 1))


def brightfield_rgb(rng: Generator, density: Image, size: float) -> NDArray[np.uint8]:
    """Transmitted light through ``(H, W, 3)`` optical densities, with a white balance."""
    light = np.exp(-np.clip(density, 0, 4)) * rng.uniform(0.92, 1.0, 3).astype(np.float32)
    sigma = min(log_uniform(rng, 0.3, 1.6), 0.02 + 0.06 * size)
    planes = np.stack([blur(light[..., i], sigma) for i in range(3)], -1)
    noise = min(rng.exponential(0.012), 0.04)
    planes = uneven_light(rng, planes, 0.2) + noise * rng.standard_normal(planes.shape, np.float32)
    return quantise(rng, planes)
