"""Prompt encoder: points, boxes and masks to embeddings (arXiv:2304.02643, appendix A)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import PATCH, ModelConfig
from .features import Offset
from .layers import LayerNorm2d


class PositionEncoding(nn.Module):
    """Random Fourier features of image positions (arXiv:2006.10739).

    Parameters
    ----------
    dim : int
        Width ``D`` of the encoding; ``D / 2`` frequencies.
    scale : tuple of float
        Standard deviation of the first and the last frequency, log-spaced between.
    image_size : int
        Model pixels that span ``[-1, 1]``.
    """

    gaussian: Tensor

    def __init__(self, dim: int, scale: tuple[float, float], image_size: int) -> None:
        super().__init__()
        self.image_size = image_size
        # Always on the CPU: for arithmetic on the meta device, torch imports its compiler first.
        with torch.device("cpu"):
            std = torch.logspace(math.log10(scale[0]), math.log10(scale[1]), dim // 2)
            self.register_buffer("gaussian", torch.randn(2, dim // 2) * std)

    def forward(self, xy: Tensor) -> Tensor:
        """Encode positions.

        Parameters
        ----------
        xy : Tensor
            ``(..., 2)`` float, xy, model pixels, integers at pixel centres.

        Returns
        -------
        Tensor
            ``(..., D)`` float: sin and cos of ``2 pi (2 (xy + 0.5) / size - 1) @ gaussian``.
        """
        unit = 2 * (xy + 0.5) / self.image_size - 1
        # no matrix product: mixed precision would round it by up to a pixel
        angle = unit[..., :1] * self.gaussian[0] + unit[..., 1:] * self.gaussian[1]
        angle = 2 * math.pi * angle
        return torch.cat([angle.sin(), angle.cos()], dim=-1)

    def grid(self, h: int, w: int, stride: int, offset: Offset = (0, 0)) -> Tensor:
        """Encode the centres of a grid of cells.

        Parameters
        ----------
        h, w : int
            Cells.
        stride : int
            Side of a cell in model pixels.
        offset : Offset
            Row and column of the first cell, in cells.

        Returns
        -------
        Tensor
            ``(h, w, D)`` float.
        """
        device = self.gaussian.device
        y = (torch.arange(h, device=device) + offset[0] + 0.5) * stride - 0.5
        x = (torch.arange(w, device=device) + offset[1] + 0.5) * stride - 0.5
        yy, xx = torch.meshgrid(y, x, indexing="ij")
        encoded: Tensor = self(torch.stack([xx, yy], dim=-1))
        return encoded


class PromptEncoder(nn.Module):
    """Encoder of prompts as sparse and dense embeddings.

    Parameters
    ----------
    config : ModelConfig
        Width and switches.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim = config.prompt_dim
        self.padding_point = config.padding_point
        self.position = PositionEncoding(dim, config.position_scale, config.image_size)
        # 0 background point, 1 foreground point, 2 and 3 the corners of a box
        self.point_embeddings = nn.Parameter(torch.randn(4, dim))
        self.not_a_point_embed = nn.Parameter(torch.randn(dim))
        self.no_mask_embed = nn.Parameter(torch.randn(dim))
        self.point_features = nn.Linear(config.mask_dim, dim) if config.point_features else None
        channels = config.mask_prompt_dim // 4
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, channels, 2, stride=2),
            LayerNorm2d(channels),
            nn.GELU(),
            nn.Conv2d(channels, 4 * channels, 2, stride=2),
            LayerNorm2d(4 * channels),
            nn.GELU(),
            nn.Conv2d(4 * channels, dim, 1),
        )

    def _pads(self, point_coords: Tensor | None, boxes: Tensor | None) -> bool:
        """Whether to append a padding point; SAM 1 appends it to points without a box."""
        if self.padding_point == "always":
            return True
        return point_coords is not None and (boxes is None or self.padding_point == "points")

    def embed_points(
        self, coords: Tensor, labels: Tensor, features: Tensor | None, offset: Offset
    ) -> Tensor:
        """Embed points ``(B, C, N, 2)`` with labels ``(B, C, N)``: ``(B, C, N, D)``.

        ``features`` and ``offset`` are those of :meth:`forward`.
        """
        pixels = _on_grid(coords, offset)
        encoded = self.position(pixels) + self.point_embeddings[labels.clamp(min=0)]
        if self.point_features is not None and features is not None:
            encoded = encoded + self.point_features(_sample(features, coords))
        return torch.where((labels < 0)[..., None], self.not_a_point_embed, encoded)

    def embed_boxes(self, boxes: Tensor, offset: Offset) -> Tensor:
        """Embed corners of boxes ``(B, C, 2, 2)``: ``(B, C, 2, D)``."""
        encoded: Tensor = self.position(_on_grid(boxes, offset))
        return encoded + self.point_embeddings[2:]

    def embed_masks(self, mask_input: Tensor) -> Tensor:
        """Embed mask logits ``(B, C, H/4, W/4)``: ``(B, C, D, H/16, W/16)``."""
        b, c = mask_input.shape[:2]
        dense: Tensor = self.mask_downscaling(mask_input.flatten(0, 1)[:, None])
        unflattened: Tensor = dense.unflatten(0, (b, c))
        return unflattened

    def forward(
        self,
        point_coords: Tensor | None,
        point_labels: Tensor | None,
        boxes: Tensor | None,
        mask_input: Tensor | None,
        features: Tensor | None = None,
        offset: Offset = (0, 0),
    ) -> tuple[Tensor | None, Tensor]:
        """Embed the prompts of ``C`` objects in each of ``B`` windows.

        Parameters
        ----------
        point_coords : Tensor or None
            ``(B, C, N, 2)`` float, xy, pixels of the window.
        point_labels : Tensor or None
            ``(B, C, N)`` int: 1 foreground, 0 background, -1 padding.
        boxes : Tensor or None
            ``(B, C, 2, 2)`` float, first and last corner, xy, pixels of the window.
        mask_input : Tensor or None
            ``(B, C, H/4, W/4)`` float logits.
        features : Tensor or None
            ``(B, mask_dim, H/4, W/4)`` high-resolution features to sample under the points; read
            by models with `point_features`.
        offset : Offset
            Place of the window on the positional grid.

        Returns
        -------
        sparse_embeddings : Tensor or None
            ``(B, C, n, D)``; None without points and boxes.
        dense_embeddings : Tensor
            ``(B, C, D, H/16, W/16)``, or ``(1, 1, D, 1, 1)`` without masks.
        """
        sparse = []
        if point_coords is not None and point_labels is not None:
            sparse.append(self.embed_points(point_coords, point_labels, features, offset))
        if boxes is not None:
            sparse.append(self.embed_boxes(boxes, offset))
        if sparse and self._pads(point_coords, boxes):
            # the transformer does not depend on the order of the tokens
            sparse.append(self.not_a_point_embed.expand(*sparse[0].shape[:2], 1, -1))
        if mask_input is None:
            dense = self.no_mask_embed.view(1, 1, -1, 1, 1)
        else:
            dense = self.embed_masks(mask_input)
        return (torch.cat(sparse, dim=2) if sparse else None), dense


def _on_grid(xy: Tensor, offset: Offset) -> Tensor:
    """Window pixels ``(..., 2)`` xy as pixels of the positional grid.

    Adds numbers, not a tensor of two: copying a tensor to a GPU waits for its running work.
    """
    x, y = xy.unbind(-1)
    return torch.stack([x + offset[1] * PATCH, y + offset[0] * PATCH], -1)


def _sample(features: Tensor, coords: Tensor, stride: int = 4) -> Tensor:
    """Bilinear samples of ``(B, F, h, w)`` at window pixels ``(B, C, N, 2)``: ``(B, C, N, F)``."""
    h, w = features.shape[-2:]
    x, y = (coords + 0.5).unbind(-1)
    grid = torch.stack([2 * x / (w * stride) - 1, 2 * y / (h * stride) - 1], -1)
    sampled = functional.grid_sample(
        features, grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    return sampled.permute(0, 2, 3, 1)
