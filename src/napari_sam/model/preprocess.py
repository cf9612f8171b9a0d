"""Preprocessing of windows for the encoder, and the way of masks back to data pixels.

SAM 1, MobileSAM and micro-sam resize 8-bit images with Pillow's filter until the longest side has
1024 pixels, and pad the rest with the mean. SAM 2 and EfficientTAM resize to a square, whatever the
shape. The built-in model takes the pixels unchanged and pads to whole patches.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from .config import PATCH, ModelConfig

Size = tuple[int, int]


def input_size(config: ModelConfig, height: int, width: int, zoom: float = 1.0) -> Size:
    """Rows and columns, in model pixels without padding, of a window in data pixels.

    ``zoom`` enlarges the window for a model that takes pixels unchanged; all others resize every
    window to one size and ignore it.
    """
    size = config.image_size
    if config.resize == "none":
        return round(height * zoom), round(width * zoom)
    if config.resize == "square":
        return size, size
    scale = size / max(height, width)
    return int(height * scale + 0.5), int(width * scale + 0.5)


def padded_size(config: ModelConfig, height: int, width: int, zoom: float = 1.0) -> Size:
    """Rows and columns, in model pixels, of the encoder's input, padding included."""
    if config.resize == "none":
        rows, cols = input_size(config, height, width, zoom)
        return rows + -rows % PATCH, cols + -cols % PATCH
    return config.image_size, config.image_size


def preprocess(config: ModelConfig, rgb: Tensor, zoom: float = 1.0) -> Tensor:
    """Resize, normalise and pad one window.

    Parameters
    ----------
    config : ModelConfig
        Says how to resize and normalise.
    rgb : Tensor
        ``(h, w, 3)`` float32 in 0..255.
    zoom : float
        See :func:`input_size`.

    Returns
    -------
    Tensor
        ``(1, 3, H, W)`` float32, ``H`` and ``W`` from :func:`padded_size`; padded right and bottom
        with 0 after normalisation.
    """
    h, w = rgb.shape[:2]
    size = input_size(config, h, w, zoom)
    resize = _resize_bytes if config.resize == "longest" else _resize_float
    image = resize(rgb, size)
    mean, std = image.new_tensor(config.pixel_mean), image.new_tensor(config.pixel_std)
    image = ((image - mean) / std).permute(2, 0, 1)[None]
    height, width = padded_size(config, h, w, zoom)
    return functional.pad(image, (0, width - size[1], 0, height - size[0]))


def _resize_bytes(rgb: Tensor, size: Size) -> Tensor:
    """Resize ``(h, w, 3)`` as an 8-bit image with Pillow's filter, as in SAM's own code."""
    values = rgb.round().clamp(0, 255).to(torch.uint8)
    if rgb.shape[:2] != size:
        pixels = Image.fromarray(values.cpu().numpy())
        resized = pixels.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        values = torch.from_numpy(np.array(resized)).to(rgb.device)
    return values.float()


def _resize_float(rgb: Tensor, size: Size) -> Tensor:
    """Resize ``(h, w, 3)`` with torch's antialiased filter, as in SAM 2's own code."""
    if rgb.shape[:2] == size:
        return rgb
    image = rgb.permute(2, 0, 1)[None]
    resized = functional.interpolate(
        image, size, mode="bilinear", align_corners=False, antialias=True
    )
    return resized[0].permute(1, 2, 0)


def restore(config: ModelConfig, maps: Tensor, height: int, width: int) -> Tensor:
    """Resize maps of the model's input to the data pixels of the window.

    Parameters
    ----------
    config : ModelConfig
        Says how the window was resized.
    maps : Tensor
        ``(B, C, H, W)`` float, one value for each model pixel, padding included.
    height, width : int
        Size of the window in data pixels.

    Returns
    -------
    Tensor
        ``(B, C, height, width)`` float.
    """
    rows, cols = input_size(config, height, width)
    maps = maps[..., :rows, :cols]
    if (rows, cols) == (height, width):
        return maps
    return functional.interpolate(maps, (height, width), mode="bilinear", align_corners=False)


def enlarge(
    config: ModelConfig, height: int, width: int, zoom: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Matrices that resize low-resolution logits to the data pixels of a window.

    Bilinear resizing is linear and separable, so its steps (logits to the model's input, padding
    cut off, input to the window) are one matrix on each side: ``rows @ low_res_logits @ cols.T``.
    A part of the window needs only its own rows and columns of them.

    Parameters
    ----------
    config : ModelConfig
        Says how the window was resized.
    height, width : int
        Size of the window in data pixels.
    zoom : float
        See :func:`input_size`.

    Returns
    -------
    tuple of Tensor
        Rows ``(height, H/4)`` and columns ``(width, W/4)``, float32.
    """
    sizes = zip(
        input_size(config, height, width, zoom),
        padded_size(config, height, width, zoom),
        (height, width),
        strict=True,
    )
    rows, cols = (_enlarge_axis(config.resize, *size) for size in sizes)
    return rows, cols


def _enlarge_axis(resize: str, inner: int, padded: int, length: int) -> Tensor:
    """Matrix ``(length, padded / 4)`` of one axis with ``inner`` model pixels before padding."""
    if resize == "square":
        return interpolation(padded // 4, length)
    to_input = interpolation(padded // 4, padded)[:inner]
    return to_input if inner == length else interpolation(inner, length) @ to_input


def interpolation(source: int, target: int) -> Tensor:
    """Matrix ``(target, source)`` of bilinear resizing along one axis, without antialiasing."""
    columns = torch.eye(source)[None]
    return functional.interpolate(columns, target, mode="linear", align_corners=False)[0].T
