"""Instance decoder of micro-sam: a UNETR for automatic segmentation of all objects of an image.

Sources: UNETR (arXiv:2103.10504), Segment Anything for Microscopy (doi:10.1038/s41592-024-02580-4);
parameters are named as in its checkpoints.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig

MAPS = 3  # foreground, distance to the centre, distance to the boundary
_WIDTHS = (512, 256, 128, 64)  # channels from coarse to fine
_EPS = 1e-5  # of the instance norm, torch's default


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
        finest = self.deconv4(third)
        x = self.decoder(self.base(image.clone()), [first, second, third])
        del first, second, third
        maps: Tensor = self.out_conv(self.decoder_head(self.deconv_out(x), finest))
        return maps.sigmoid_()
