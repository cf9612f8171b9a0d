"""Prompts as maps at the resolution of the masks.

The two-way transformer passes the prompts to the image at 16 pixels a token. Most cells are smaller
than 16 pixels, so the prompts are also drawn at stride 4, where the mask is made, as interactive
segmentation did before SAM (click maps: arXiv:1603.04042; disks: arXiv:2102.06583).
"""

import torch
from torch import Tensor, nn

POINT_RADII = (3.0, 10.0, 30.0)  # standard deviations of the gaussians of a point, model pixels
_STRIDE = 4  # model pixels
_CHANNELS = 2 * len(POINT_RADII) + 3  # foreground and background points; box, ellipse, mask
_MASK_SCALE = 0.25  # factor of mask logits before tanh


class PromptMaps(nn.Module):
    """Draw the prompts of each object as maps and project the maps to the mask features.

    Parameters
    ----------
    mask_dim : int
        Channels of the mask features.
    """

    def __init__(self, mask_dim: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(_CHANNELS, mask_dim, 1)

    def forward(
        self,
        shape: tuple[int, int],
        point_coords: Tensor | None,
        point_labels: Tensor | None,
        boxes: Tensor | None,
        mask_input: Tensor | None,
    ) -> Tensor:
        """Draw the prompts of ``C`` objects in each of ``B`` windows.

        Parameters
        ----------
        shape : tuple of int
            ``(H/4, W/4)``.
        point_coords, point_labels, boxes, mask_input : Tensor or None
            As :class:`~napari_sam.model.prompt_encoder.PromptEncoder` takes them.

        Returns
        -------
        Tensor
            ``(B, C, mask_dim, H/4, W/4)`` float.
        """
        prompts = (point_coords, boxes, mask_input)
        batch, classes = next((x.shape[:2] for x in prompts if x is not None), (1, 1))
        maps = self.project.weight.new_zeros(batch, classes, _CHANNELS, *shape)
        y, x = (_STRIDE * (torch.arange(n, device=maps.device) + 0.5) - 0.5 for n in shape)
        points = len(POINT_RADII)
        if point_coords is not None and point_labels is not None:
            for channel, label in ((0, 1), (points, 0)):
                has_label = (point_labels == label)[..., None, None]
                for index, radius in enumerate(POINT_RADII):
                    disks = _gaussians(point_coords, y, x, radius) * has_label
                    maps[:, :, channel + index] = disks.amax(2)
        if boxes is not None:
            maps[:, :, 2 * points] = _inside(boxes, y, x)
            maps[:, :, 2 * points + 1] = _ellipse(boxes, y, x)
        if mask_input is not None:
            maps[:, :, 2 * points + 2] = torch.tanh(_MASK_SCALE * mask_input)
        projected: Tensor = self.project(maps.flatten(0, 1))
        maps_by_object: Tensor = projected.unflatten(0, (batch, classes))
        return maps_by_object


def _gaussians(coords: Tensor, y: Tensor, x: Tensor, radius: float) -> Tensor:
    """Gaussian ``(B, C, N, h, w)`` around each point, 1 at the point."""
    dy = (y - coords[..., 1:]) / radius
    dx = (x - coords[..., :1]) / radius
    return torch.exp(-dy.square() / 2)[..., None] * torch.exp(-dx.square() / 2)[..., None, :]


def _inside(boxes: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Soft indicator ``(B, C, h, w)`` of each box: 1 inside, 0 outside, a sigmoid 2 pixels wide."""
    first, last = boxes[..., 0, :], boxes[..., 1, :]

    def side(values: Tensor, axis: int) -> Tensor:
        low, high = first[..., axis, None], last[..., axis, None]
        return torch.sigmoid((values - low) / 2) * torch.sigmoid((high - values) / 2)

    return side(y, 1)[..., None] * side(x, 0)[..., None, :]


def _ellipse(boxes: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Paraboloid ``(B, C, h, w)`` of each box: 1 in the middle, 0 on the ellipse, at least -1."""
    middle = boxes.mean(-2)
    half = (boxes[..., 1, :] - boxes[..., 0, :]) / 2 + 0.5

    def square(values: Tensor, axis: int) -> Tensor:
        return ((values - middle[..., axis, None]) / half[..., axis, None]).square()

    return (1 - square(y, 1)[..., None] - square(x, 0)[..., None, :]).clamp(min=-1)
