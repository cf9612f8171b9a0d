"""Effects of microscope and camera: defocus, uneven light, noise, compression, 8 bits."""

import io

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as Picture

from .fields import Image, Shape, blur, chance, log_uniform, pick, ramp, smooth_noise


def normal(image: Image) -> Image:
    """Scale an image so that its percentiles 0.2 and 99.8 become 0 and 1."""
    low, high = np.percentile(image[::3, ::3], [0.2, 99.8])
    return ((image - low) / max(float(high - low), 1e-6)).astype(np.float32)


def shot_noise(rng: Generator, image: Image, size: float) -> Image:
    """Add photon and read noise to an image in 0..1; less if ``size``, of objects, is small."""
    tolerable = float(np.clip(size / 40, 0.3, 1.5))
    photons = log_uniform(rng, 60, 5000) / tolerable
    read = min(rng.exponential(0.02), 0.06) * tolerable
    deviation = np.sqrt(np.clip(image, 0, None) / photons + read**2)
    noise = rng.standard_normal(image.shape, np.float32)
    if chance(rng, 0.2):  # correlated noise, as after interpolation or a filter
        noise = 2.2 * blur(noise, 0.7)
    return image + deviation * noise


def defocus(rng: Generator, image: Image, size: float) -> Image:
    """Blur by a small share of the size of objects, at times growing across the picture."""
    sigma = min(log_uniform(rng, 0.3, 2.5), 0.02 + 0.07 * size)
    sharp = blur(image, sigma)
    if not chance(rng, 0.15):
        return sharp
    soft = blur(image, sigma + min(0.1 * size, 6))
    weight = ramp(rng, (image.shape[0], image.shape[1])) ** 2
    return sharp + weight * (soft - sharp)


def uneven_light(rng: Generator, image: Image, amount: float = 0.3) -> Image:
    """Multiply ``(H, W, ...)`` by vignetting, a slope or smooth blotches."""
    light = _illumination(rng, (image.shape[0], image.shape[1]), amount)
    return image * light.reshape(light.shape + (1,) * (image.ndim - 2))


def _illumination(rng: Generator, shape: Shape, amount: float) -> Image:
    """Random field of illumination around 1."""
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


def well(rng: Generator, image: Image) -> Image:
    """Darken the surroundings of a well or of the field of the microscope, with rounded corners."""
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in image.shape)
    power, middle = rng.uniform(2, 8), rng.normal(0, 0.08, 2)
    away = np.abs(y[:, None] - middle[0]) ** power + np.abs(x - middle[1]) ** power
    edge = away ** (1 / power) / rng.uniform(0.85, 1.1)
    light = 1 / (1 + np.exp(np.clip((edge - 1) * rng.uniform(20, 80), -30, 30)))
    return image * (rng.uniform(0, 0.15) + light * (1 - rng.uniform(0, 0.4) * edge**2))


def scan_faults(rng: Generator, image: Image) -> Image:
    """Add stripes or hot pixels to a few images."""
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
    """Simulate the camera for one channel: defocus, noise, faults; about 0..1."""
    return scan_faults(rng, shot_noise(rng, normal(defocus(rng, image, size)), size))


def quantise(rng: Generator, image: Image) -> NDArray[np.uint8]:
    """Convert to 8 bits, at times with reduced contrast or JPEG artefacts."""
    if chance(rng, 0.3):
        span = log_uniform(rng, 0.2, 1)
        image = image * span + rng.uniform(0, 1 - span) * (1 if image.ndim == 2 else 0.3)
    pixels = (255 * np.clip(image, 0, 1) + 0.5).astype(np.uint8)
    return jpeg(pixels, int(rng.integers(35, 90))) if chance(rng, 0.15) else pixels


def jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Compress and decompress as JPEG."""
    with io.BytesIO() as file:
        Picture.fromarray(pixels).save(file, "JPEG", quality=quality)
        return np.asarray(Picture.open(file)).copy()


def grey(rng: Generator, image: Image, size: float) -> NDArray[np.uint8]:
    """Simulate the image ``(H, W)`` uint8 of a single channel."""
    return quantise(rng, channel(rng, uneven_light(rng, normal(image)), size))


def colours(rng: Generator, channels: list[Image], size: float) -> NDArray[np.uint8]:
    """Composite ``(H, W, 3)`` uint8 of 1 to 3 fluorescence channels in random colours."""
    shot = [channel(rng, uneven_light(rng, normal(c)), size) for c in channels]
    if chance(rng, 0.7):
        palette = np.eye(3, dtype=np.float32)[rng.permutation(3)[: len(shot)]]
    else:  # mixed colours, such as cyan, magenta and yellow
        palette = rng.choice([0.0, 0.3, 1.0], (len(shot), 3)).astype(np.float32)
        palette += np.eye(3, dtype=np.float32)[rng.permutation(3)[: len(shot)]]
        palette /= palette.max(1, keepdims=True)
    layers = [np.clip(c, 0, 1)[..., None] * colour for c, colour in zip(shot, palette, strict=True)]
    return quantise(rng, np.clip(sum(layers[1:], layers[0]), 0, 1))


def brightfield_rgb(rng: Generator, density: Image, size: float) -> NDArray[np.uint8]:
    """Image ``(H, W, 3)`` uint8 of transmitted light through optical densities ``(H, W, 3)``."""
    light = np.exp(-np.clip(density, 0, 4)) * rng.uniform(0.92, 1.0, 3).astype(np.float32)
    sigma = min(log_uniform(rng, 0.3, 1.6), 0.02 + 0.06 * size)
    planes = np.stack([blur(light[..., i], sigma) for i in range(3)], -1)
    noise = min(rng.exponential(0.012), 0.04)
    planes = uneven_light(rng, planes, 0.2) + noise * rng.standard_normal(planes.shape, np.float32)
    return quantise(rng, planes)


def scanned(rng: Generator, density: Image, size: float) -> NDArray[np.uint8]:
    """Slide as a scanner stores it: strength and white of its own, sharpened, often JPEG."""
    density = density * log_uniform(rng, 0.5, 1.8)
    if chance(rng, 0.4):
        density = density + rng.uniform(0, 0.12, 3).astype(np.float32)  # yellowed glass and glue
    pixels = brightfield_rgb(rng, density, size)
    if chance(rng, 0.25):
        soft = np.stack([blur(pixels[..., i].astype(np.float32), 1.2) for i in range(3)], -1)
        sharp = pixels + rng.uniform(0.3, 1.5) * (pixels - soft)
        pixels = np.clip(np.rint(sharp), 0, 255).astype(np.uint8)
    return jpeg(pixels, int(rng.integers(25, 90))) if chance(rng, 0.5) else pixels
