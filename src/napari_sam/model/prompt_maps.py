"""Prompts as maps at the resolution of the masks.

The two-way transformer tells the image tokens where the prompts are, at 16 pixels a token. Most
cells are smaller than that, so the prompts are also drawn where the mask is made, as interactive
segmentation did before it had tokens (click maps: arXiv:1603.04042; disks: arXiv:2102.06583).
"""

import torch
from torch import Tensor, nn

POINT_RADII = (3.0, 10.0, 30.0)  # model pixels
_STRIDE = 4
_CHANNELS = 2 * len(POINT_RADII) + 3  # foreground, background, box, ellipse in the box, mask
_MASK_SCALE = 0.25  # of logits, before they saturate


class PromptMaps(nn.Module):
    """Draw the prompts of each object and project them to the mask features.

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
        """Maps of ``C`` objects in each of ``B`` windows.

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
        given = (point_coords, boxes, mask_input)
        batch, classes = next((x.shape[:2] for x in given if x is not None), (1, 1))
        maps = self.project.weight.new_zeros(batch, classes, _CHANNELS, *shape)
        y, x = (_STRIDE * (torch.arange(n, device=maps.device) + 0.5) - 0.5 for n in shape)
        points = len(POINT_RADII)
        if point_coords is not None and point_labels is not None:
            for channel, label in ((0, 1), (points, 0)):
                wanted = (point_labels == label)[..., None, None]
                for index, radius in enumerate(POINT_RADII):
                    disks = _gaussians(point_coords, y, x, radius) * wanted
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
    """``(B, C, N, h, w)``: 1 at each point, falling off over ``radius`` pixels."""
    dy = (y - coords[..., 1:]) / radius
    dx = (x - coords[..., :1]) / radius
    return torch.exp(-dy.square() / 2)[..., None] * torch.exp(-dx.square() / 2)[..., None, :]


def _inside(boxes: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """``(B, C, h, w)``: 1 inside the box, 0 outside, soft over a few pixels."""
    first, last = boxes[..., 0, :], boxes[..., 1, :]

    def side(values: Tensor, axis: int) -> Tensor:
        low, high = first[..., axis, None], last[..., axis, None]
        return torch.sigmoid((values - low) / 2) * torch.sigmoid((high - values) / 2)

    return side(y, 1)[..., None] * side(x, 0)[..., None, :]


def _ellipse(boxes: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """``(B, C, h, w)``: 1 in the middle of the box, 0 on its ellipse, -1 from 1.4 radii on."""
    middle = boxes.mean(-2)
    half = (boxes[..., 1, :] - boxes[..., 0, :]) / 2 + 0.5

    def square(values: Tensor, axis: int) -> Tensor:
        return ((values - middle[..., axis, None]) / half[..., axis, None]).square()

    return (1 - square(y, 1)[..., None] - square(x, 0)[..., None, :]).clamp(min=-1)
