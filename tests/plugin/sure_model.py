"""A model that finds objects everywhere, and images of discs to find."""

import numpy as np
import torch
from numpy.typing import NDArray

from napari_sam.model.sam import Sam
from tests.tiny import tiny_sam


def sure_model() -> Sam:
    """A random model with a proposal head, sure of itself, so that it finds objects everywhere."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = tiny_sam().eval()
    decoder = model.mask_decoder
    with torch.no_grad():
        for head in (decoder.iou_head, decoder.object_score_head):
            list(head.parameters())[-1].fill_(5.0)
        model.get_submodule("image_encoder.pyramid.proposals").bias[:2] += 3.0
        for net in decoder.hypernetworks:
            for parameter in list(net.parameters())[-2:]:
                parameter.mul_(100)
    return model


def discs(*planes: int) -> NDArray[np.uint8]:
    """Sixteen bright discs of 12 pixels, 24 pixels apart, on noise; in each of `planes`, if any."""
    y, x = np.mgrid[:96, :96]
    near = (y % 24 - 12) ** 2 + (x % 24 - 12) ** 2 < 36
    noise = np.random.default_rng(0).integers(0, 60, (*planes, 96, 96))
    return (noise + 150 * near).astype(np.uint8)
