"""Memory encoder: fuses the image embedding of a plane with the mask of an object.

Source: SAM 2 (arXiv:2408.00714, section 4 and appendix D); blocks as in ConvNeXt
(arXiv:2201.03545).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import LayerNorm2d

_MASK_CHANNELS = (1, 4, 16, 64, 256)  # at stride 1, 2, 4, 8 and 16
_TOKENS_AT_ONCE = 512  # the hidden layer of a perceptron then fits in the processor's cache


class MaskDownSampler(nn.Module):
    """A mask at stride 1 to features at stride 16.

    Parameters
    ----------
    dim : int
        Channels of the features.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential()
        for inside, outside in pairwise(_MASK_CHANNELS):
            self.encoder.append(nn.Conv2d(inside, outside, 3, stride=2, padding=1))
            self.encoder.append(LayerNorm2d(outside))
            self.encoder.append(nn.GELU())
        self.encoder.append(nn.Conv2d(_MASK_CHANNELS[-1], dim, 1))

    def forward(self, masks: Tensor) -> Tensor:
        """Map ``(C, 1, 16h, 16w)`` to ``(C, dim, h, w)``."""
        features: Tensor = self.encoder(masks)
        return features


class CXBlock(nn.Module):
    """ConvNeXt block: depthwise 7x7 convolution, then a perceptron over the channels.

    Parameters
    ----------
    dim : int
        Channels.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = LayerNorm2d(dim)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(torch.full((dim,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(C, dim, h, w)`` to the same shape."""
        tokens = self.norm(self.dwconv(x)).permute(0, 2, 3, 1)
        parts = tokens.reshape(-1, tokens.shape[-1]).split(_TOKENS_AT_ONCE)
        grown = torch.cat([self.pwconv2(functional.gelu(self.pwconv1(part))) for part in parts])
        change = (grown * self.gamma).view(tokens.shape).permute(0, 3, 1, 2)
        return x + change


class Fuser(nn.Module):
    """ConvNeXt blocks over the sum of image and mask features.

    Parameters
    ----------
    dim, blocks : int
        Channels and number of blocks.
    """

    def __init__(self, dim: int, blocks: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(CXBlock(dim) for _ in range(blocks))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(C, dim, h, w)`` to the same shape."""
        for layer in self.layers:
            x = layer(x)
        return x


class MemoryEncoder(nn.Module):
    """Encoder of memories from an image embedding and masks.

    Parameters
    ----------
    dim : int
        Channels of the image embedding.
    memory_dim : int
        Channels of a memory.
    blocks : int
        Blocks of the fuser.
    """

    def __init__(self, dim: int, memory_dim: int, blocks: int = 2) -> None:
        super().__init__()
        self.mask_downsampler = MaskDownSampler(dim)
        self.pix_feat_proj = nn.Conv2d(dim, dim, 1)
        self.fuser = Fuser(dim, blocks)
        self.out_proj = nn.Conv2d(dim, memory_dim, 1)

    def forward(self, image_embedding: Tensor, masks: Tensor) -> Tensor:
        """Encode the memories of ``C`` objects of one plane.

        Parameters
        ----------
        image_embedding : Tensor
            ``(1, dim, h, w)`` float, not conditioned on memories.
        masks : Tensor
            ``(C, 1, 16h, 16w)`` float, from -10 outside to 10 inside of the object.

        Returns
        -------
        Tensor
            ``(C, memory_dim, h, w)`` float.
        """
        x = self.pix_feat_proj(image_embedding) + self.mask_downsampler(masks)
        memory: Tensor = self.out_proj(self.fuser(x))
        return memory
