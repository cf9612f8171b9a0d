"""High-resolution features and proposals of the built-in model, at stride 8 and 4.

Thin and small objects are blurred by 16 px patches, so convolutions on the image run beside them
("Early Convolutions Help Transformers See Better", arXiv:2106.14881). A feature pyramid
(arXiv:1612.03144) joins these with the tokens of intermediate blocks.
"""

from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig, VitConfig
from .layers import LayerNorm2d, ResidualConv, convolve, gelu

_CONV_DIMS = (24, 48, 96)  # channels of the convolutional path at stride 2, 4, 8
_PYRAMID_DIMS = (64, 48)  # channels of the pyramid at stride 8, 4


class ConvPath(nn.Module):
    """Convolutions on the image at stride 2, 4 and 8, beside the patch embedding."""

    def __init__(self, token_dim: int) -> None:
        super().__init__()
        c2, c4, c8 = _CONV_DIMS
        self.stem = nn.Conv2d(3, c2, 3, stride=2, padding=1)
        self.norm = LayerNorm2d(c2)
        self.down4 = nn.Conv2d(c2, c4, 3, stride=2, padding=1)
        self.block4 = ResidualConv(c4)
        self.down8 = nn.Conv2d(c4, c8, 3, stride=2, padding=1)
        self.block8 = ResidualConv(c8)
        self.to_tokens = nn.Conv2d(c8, token_dim, 3, stride=2, padding=1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at strides 4 (48 channels) and 8 (96 channels), and tokens at stride 16."""
        x = gelu(self.norm(convolve(image, self.stem)))
        x4 = self.block4(self.down4(x))
        x8 = self.block8(self.down8(functional.gelu(x4)))
        return x4, x8, self.to_tokens(functional.gelu(x8))


class Pyramid(nn.Module):
    """Feature pyramid over intermediate tokens and the convolutional path, with a proposal head."""

    def __init__(self, config: ModelConfig, trunk: VitConfig) -> None:
        super().__init__()
        p8, p4 = _PYRAMID_DIMS
        dim, conv_path = trunk.dim, trunk.conv_path
        self.norm8, self.norm4 = LayerNorm2d(dim), LayerNorm2d(dim)
        self.up8 = nn.ConvTranspose2d(dim, p8, 2, stride=2)
        self.up4 = nn.ConvTranspose2d(dim, p4, 4, stride=4)
        # random tokens are noise with the pattern of the patches, so training starts without them
        for up in (self.up8, self.up4):
            nn.init.normal_(up.weight, std=1e-3)
        self.down = nn.ConvTranspose2d(p8, p4, 2, stride=2)
        self.lateral8 = nn.Conv2d(_CONV_DIMS[2], p8, 1) if conv_path else None
        self.lateral4 = nn.Conv2d(_CONV_DIMS[1], p4, 1) if conv_path else None
        self.block8, self.block4 = ResidualConv(p8), ResidualConv(p4)
        self.out8 = nn.Conv2d(p8, config.prompt_dim // 4, 1)
        self.out4 = nn.Conv2d(p4, config.mask_dim, 1)
        channels = config.proposal_channels
        self.proposals = nn.Conv2d(p4, channels, 3, padding=1) if channels else None

    def forward(
        self, deep: Tensor, shallow: Tensor, conv: tuple[Tensor, Tensor] | None
    ) -> tuple[tuple[Tensor, Tensor], Tensor | None]:
        """Compute high-resolution features and proposals.

        Parameters
        ----------
        deep, shallow : Tensor
            ``(B, dim, H/16, W/16)`` outputs of two intermediate blocks, for stride 8 and 4.
        conv : tuple of Tensor or None
            Stride 4 and stride 8 features of the convolutional path.

        Returns
        -------
        tuple
            Features ``(B, D/4, H/8, W/8)`` and ``(B, mask_dim, H/4, W/4)``; then the proposals of
            `ImageFeatures` or None.
        """
        x8 = convolve(self.norm8(deep), self.up8)
        x4 = convolve(self.norm4(shallow), self.up4)
        if conv is not None and self.lateral4 is not None and self.lateral8 is not None:
            x4, x8 = x4 + self.lateral4(conv[0]), x8 + self.lateral8(conv[1])
        x8 = self.block8(x8)
        x4 = self.block4(x4 + self.down(x8))
        proposals = None if self.proposals is None else self.proposals(functional.gelu(x4))
        return (self.out8(x8), self.out4(x4)), proposals
