"""All objects of a tile do not overlap, whatever the head of the model says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.automatic.everything import segment_tile
from napari_sam.model.sam import Sam
from napari_sam.tiles.grid import Tile


@pytest.fixture
def seen(tiny_model: Sam) -> Embedding:
    tile = Tile((), 0, 0, 0, 0, 64, 96)
    torch.manual_seed(1)
    with torch.inference_mode():
        return Embedding(tile, tiny_model.encode_image(torch.randn(1, 3, 64, 96)))


def test_everything_in_a_tile_does_not_overlap(tiny_model: Sam, seen: Embedding) -> None:
    taken = np.zeros((64, 96), int)
    for mask in segment_tile(tiny_model, seen):
        y0, x0, y1, x1 = mask.bbox
        taken[y0:y1, x0:x1] += mask.pixels
    assert taken.max() <= 1


@pytest.mark.parametrize("channels", [0, 2, 6])
def test_objects_of_a_tile_do_not_overlap_whatever_the_head_says(
    tiny_model: Sam, channels: int
) -> None:
    decoder = tiny_model.mask_decoder
    torch.manual_seed(0)
    head = torch.full((1, 6, 60, 80), -6.0)
    for row, col in np.random.default_rng(0).integers(0, (60, 80), (40, 2)):
        head[0, 0, row, col] = 4
    head[0, 1], head[0, 2:] = 4, torch.rand(4, 60, 80) * 4
    with torch.no_grad():
        for sure in (decoder.iou_head, decoder.object_score_head):
            list(sure.parameters())[-1].fill_(5.0)
        for net in decoder.hypernetworks:
            for parameter in list(net.parameters())[-2:]:
                parameter.mul_(100)
        seen = tiny_model.encode_image(torch.randn(1, 3, 240, 320))
    features = replace(seen, proposals=head[:, :channels] if channels else None)
    masks = segment_tile(tiny_model, Embedding(Tile((2,), 0, 0, 1000, 2000, 236, 320), features))
    taken = np.zeros((236, 320), int)
    for mask in masks:
        y0, x0, y1, x1 = mask.bbox
        assert mask.plane == (2,)
        taken[y0 - 1000 : y1 - 1000, x0 - 2000 : x1 - 2000] += mask.pixels
    assert taken.max() == 1
