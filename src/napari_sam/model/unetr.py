"""Instance decoder of micro-sam: a UNETR for automatic segmentation of all objects of an image.

Sources: UNETR (arXiv:2103.10504), Segment Anything for Microscopy (doi:10.1038/s41592-024-02580-4);
parameters are named as in its checkpoints.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig

MAPS = 3  # foreground, distance to the centre, distance to the boundary
_WIDTHS = (512, 256, 128, 64)  # channels from coarse to fine
_EPS = 1e-5  # of the instance norm, torch's default
_ROWS_AT_ONCE = 32  # rows of a strip at full resolution: 8 MB for 64 channels


class Upsampler(nn.Module):
    """Upsampling by 2: bilinear with a 1x1 convolution, or transposed convolution in older models.

    Parameters
    ----------
    dim, dim_out : int
        Channels.
    transposed : bool
        Use the transposed convolution.
    """

    def __init__(self, dim: int, dim_out: int, transposed: bool) -> None:
        super().__init__()
        if transposed:
            self.block = nn.ConvTranspose2d(dim, dim_out, 2, stride=2)
        else:
            self.conv = nn.Conv2d(dim, dim_out, 1)
        self.transposed = transposed

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, dim, h, w)`` to ``(B, dim_out, 2 h, 2 w)``."""
        if self.transposed:
            large: Tensor = self.block(x)
            return large
        # the convolution comes first, on fewer pixels: both are linear, and the weights of the
        # resizing sum to 1
        return functional.interpolate(
            self.conv(x), scale_factor=2.0, mode="bilinear", align_corners=False
        )


class Deconvolution(nn.Module):
    """Upsampling, 3x3 convolution, batch norm, ReLU."""

    def __init__(self, dim: int, dim_out: int, transposed: bool) -> None:
        super().__init__()
        conv = nn.ModuleDict({"block": nn.Conv2d(dim_out, dim_out, 3, padding=1)})
        norm = nn.BatchNorm2d(dim_out)
        self.block = nn.ModuleList([Upsampler(dim, dim_out, transposed), conv, norm])

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, dim, h, w)`` to ``(B, dim_out, 2 h, 2 w)``."""
        upsampler, conv, norm = self.block
        x = norm(cast(nn.ModuleDict, conv)["block"](upsampler(x)))
        return torch.relu_(x)


class DoubleConv(nn.Module):
    """Two times instance norm without weights, 3x3 convolution, ReLU."""

    def __init__(self, dim: int, dim_out: int) -> None:
        super().__init__()
        first = nn.Conv2d(dim, dim_out, 3, padding=1)
        second = nn.Conv2d(dim_out, dim_out, 3, padding=1)
        self.block = nn.ModuleDict({"1": first, "4": second})

    def forward(self, *parts: Tensor) -> Tensor:
        """Map ``(B, dim, h, w)`` to ``(B, dim_out, h, w)``.

        The input may come in several parts along the channels, which are overwritten. Joining the
        parts would take half a gigabyte more.
        """
        for conv in cast(Iterable[nn.Conv2d], self.block.values()):
            weights = conv.weight.split([part.shape[1] for part in parts], dim=1)
            biases = (conv.bias, *[None] * (len(parts) - 1))
            x, *terms = (
                functional.conv2d(normalise(part), weight, bias, padding=1)
                for part, weight, bias in zip(parts, weights, biases, strict=True)
            )
            for term in terms:
                x.add_(term)
            parts = (torch.relu_(x),)
        return x


def normalise(x: Tensor) -> Tensor:
    """Instance norm (arXiv:1607.08022) of ``(B, dim, h, w)``; without gradients in place."""
    if torch.is_grad_enabled():
        return functional.instance_norm(x)
    variance, mean = torch.var_mean(x, dim=(2, 3), correction=0, keepdim=True)
    return x.sub_(mean).mul_((variance + _EPS).rsqrt_())


class PyramidDecoder(nn.Module):
    """Three steps of upsampling, concatenation with the skip features, and convolution."""

    def __init__(self, transposed: bool) -> None:
        super().__init__()
        steps = list(pairwise(_WIDTHS))
        self.blocks = nn.ModuleList(DoubleConv(dim, dim_out) for dim, dim_out in steps)
        self.samplers = nn.ModuleList(Upsampler(dim, dim_out, transposed) for dim, dim_out in steps)

    def forward(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        """Map ``(B, 512, h, w)`` to ``(B, 64, 8 h, 8 w)``; empties ``skips`` to free memory."""
        for block, sampler in zip(self.blocks, self.samplers, strict=True):
            x = sampler(x)
            x = block(x, _middle(skips.pop(0), x.shape[1]))
        return x


def _middle(x: Tensor, channels: int) -> Tensor:
    """Crop to the middle channels, as the reference crops its skip features."""
    first = (x.shape[1] - channels) // 2
    return x[:, first : first + channels].contiguous(memory_format=torch.channels_last)


class InstanceDecoder(nn.Module):
    """Decoder from the image embedding to maps of foreground and distances.

    Parameters
    ----------
    config : ModelConfig
        Width of the image embedding, and the form of the upsampling.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        old = config.instance_decoder == "transposed"
        dim = config.prompt_dim
        widths = (dim, *_WIDTHS)
        self.deconv1, self.deconv2, self.deconv3, self.deconv4 = (
            Deconvolution(dim, dim_out, old) for dim, dim_out in pairwise(widths)
        )
        self.base = DoubleConv(dim, _WIDTHS[0])
        self.decoder = PyramidDecoder(old)
        self.deconv_out = Upsampler(_WIDTHS[-1], _WIDTHS[-1], old)
        self.decoder_head = DoubleConv(2 * _WIDTHS[-1], _WIDTHS[-1])
        self.out_conv = nn.Conv2d(_WIDTHS[-1], MAPS, 1)

    def forward(self, image_embedding: Tensor) -> Tensor:
        """Predict the maps, from which ``masks/`` grows all objects by watershed.

        Parameters
        ----------
        image_embedding : Tensor
            ``(B, D, h, w)`` float.

        Returns
        -------
        Tensor
            ``(B, 3, 16 h, 16 w)`` float in 0..1: foreground, distance to the centre of the object
            and distance to its boundary, both 0 in the middle and 1 outside.
        """
        image = image_embedding.contiguous(memory_format=torch.channels_last)
        first = self.deconv1(image)
        second = self.deconv2(first)
        third = self.deconv3(second)
        x = self.decoder(self.base(image.clone()), [first, second, third])
        del first, second
        if torch.is_grad_enabled():
            finest = self.decoder_head(self.deconv_out(x), self.deconv4(third))
            return torch.sigmoid(self.out_conv(finest))
        finest = _deconvolve(self.deconv4, third)
        del third
        return self._finish(x, finest)

    def _finish(self, x: Tensor, finest: Tensor) -> Tensor:
        """Maps from the decoder's output ``x`` and the skip features, which are overwritten.

        At full resolution each of the two has 270 MB. So ``x`` is enlarged in strips, and the first
        convolution writes over the skip features.
        """
        first, second = cast(Iterable[nn.Conv2d], self.decoder_head.block.values())
        height = finest.shape[2]
        x_moments = _moments(self._enlarged(x, *rows) for rows in _strips(height))
        moments = torch.var_mean(finest, dim=(2, 3), correction=0, keepdim=True)
        above = finest[:, :, :0]  # the row above a strip, before it was overwritten
        for top, bottom in _strips(height):
            start, end = top - above.shape[2], min(bottom + 1, height)
            skips = torch.cat([above, finest[:, :, top:end]], dim=2)
            above = finest[:, :, bottom - 1 : bottom].clone()
            parts = _normed(self._enlarged(x, start, end), x_moments), _normed(skips, moments)
            out = functional.conv2d(torch.cat(parts, 1), first.weight, first.bias, padding=1)
            finest[:, :, top:bottom] = out[:, :, top - start : bottom - start].relu_()
        moments = torch.var_mean(finest, dim=(2, 3), correction=0, keepdim=True)
        maps = finest.new_empty(len(finest), MAPS, *finest.shape[2:])
        for top, bottom in _strips(height):
            start, end = max(top - 1, 0), min(bottom + 1, height)
            out = second(_normed(finest[:, :, start:end], moments)).relu_()
            maps[:, :, top:bottom] = self.out_conv(out[:, :, top - start : bottom - start])
        return maps.sigmoid_()

    def _enlarged(self, x: Tensor, top: int, bottom: int) -> Tensor:
        """Rows ``top:bottom`` of the decoder's output at full resolution."""
        first, last = max(top // 2 - 1, 0), min((bottom + 1) // 2 + 1, x.shape[2])
        enlarged: Tensor = self.deconv_out(x[:, :, first:last])
        return enlarged[:, :, top - 2 * first : bottom - 2 * first]


def _deconvolve(layer: Deconvolution, x: Tensor) -> Tensor:
    """``layer(x)`` in strips: the kernels read one row of ``x`` above and below a strip."""
    shape = (len(x), _WIDTHS[-1], 2 * x.shape[2], 2 * x.shape[3])
    out = torch.empty(shape, memory_format=torch.channels_last, dtype=x.dtype, device=x.device)
    for top, bottom in _strips(x.shape[2], _ROWS_AT_ONCE // 2):
        start, end = max(top - 1, 0), min(bottom + 1, x.shape[2])
        strip = layer(x[:, :, start:end])
        out[:, :, 2 * top : 2 * bottom] = strip[:, :, 2 * (top - start) : 2 * (bottom - start)]
    return out


def _strips(height: int, rows: int = _ROWS_AT_ONCE) -> Iterator[tuple[int, int]]:
    """First row and end of each strip."""
    for top in range(0, height, rows):
        yield top, min(top + rows, height)


def _moments(strips: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Variance and mean ``(B, dim, 1, 1)`` over the rows and columns of all strips."""
    count, total = 0, torch.zeros((), dtype=torch.double)
    squares = total
    for strip in strips:
        values = strip.double()
        count += values.shape[2] * values.shape[3]
        total = total + values.sum((2, 3), keepdim=True)
        squares = squares + values.square().sum((2, 3), keepdim=True)
    mean = total / count
    return (squares / count - mean.square()).float(), mean.float()


def _normed(x: Tensor, moments: tuple[Tensor, Tensor]) -> Tensor:
    """Instance norm of a part of an image by the moments of the whole."""
    variance, mean = moments
    return (x - mean).mul_((variance + _EPS).rsqrt())
