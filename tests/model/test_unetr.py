"""micro-sam's decoder draws as the reference does, and its maps become objects."""

import numpy as np
import pytest
import torch

from napari_sam.masks.automatic.instances import (
    InstanceSettings,
    instance_settings,
    instances,
    label_instances,
)
from napari_sam.model.preprocess import restore
from napari_sam.model.unetr import DoubleConv, InstanceDecoder
from napari_sam.tiles.grid import Tile
from napari_sam.weights.families import sam1
from tests.golden.generated import generate_weights
from tests.golden.record import Answers, difference, keep, load


@pytest.fixture(scope="module")
def embedding() -> torch.Tensor:
    coarse = np.random.RandomState(7).standard_normal((1, 256, 16, 16))
    return torch.from_numpy(coarse.repeat(4, axis=2).repeat(4, axis=3).astype(np.float32))


@pytest.mark.long
@pytest.mark.parametrize("layout", ["bilinear", "transposed"])
def test_maps_are_those_of_the_reference(layout, embedding):
    shapes, reference = load(f"unetr_{layout}")
    config = sam1("vit_b", instance_decoder=layout)
    decoder = InstanceDecoder(config).eval()
    weights = generate_weights(shapes)
    decoder.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    with torch.inference_mode():
        before = embedding.clone()
        maps = decoder(embedding)
        resized = restore(config, maps, 400, 640)
    assert torch.equal(embedding, before)
    ours: Answers = {}
    keep(ours, layout, {"maps": maps[0].numpy(), "resized": resized[0].numpy()})
    for name in ("maps", "resized"):
        assert difference(ours, reference, f"{layout}/{name}") < 1e-3
    assert float(maps.std()) > 0.05  # the comparison would mean nothing for flat maps


def test_in_place_and_in_parts_is_the_same():
    torch.manual_seed(0)
    block = DoubleConv(12, 6)
    parts = torch.randn(2, 5, 9, 8) + 3, torch.randn(2, 7, 9, 8)
    expected = block(torch.cat(parts, dim=1))
    with torch.inference_mode():
        ours = block(*(part.clone() for part in parts))
    assert torch.allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize("layout", ["bilinear", "transposed"])
def test_maps_in_strips_are_those_of_the_whole(layout, monkeypatch):
    monkeypatch.setattr("napari_sam.model.unetr._ROWS_AT_ONCE", 24)
    shapes, _ = load(f"unetr_{layout}")
    decoder = InstanceDecoder(sam1("vit_b", instance_decoder=layout)).eval()
    weights = generate_weights(shapes)
    decoder.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    embedding = torch.randn(1, 256, 7, 5, generator=torch.Generator().manual_seed(0))
    whole = decoder(embedding)
    with torch.inference_mode():
        strips = decoder(embedding)
    assert strips.shape == (1, 3, 112, 80)
    assert torch.allclose(strips, whole, atol=1e-5)


def disks(shape: tuple[int, int], *places: tuple[int, int, int]) -> np.ndarray:
    """Maps of ideal disks ``(y, x, radius)``; where two overlap, the nearer one has the pixel."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    distance = np.stack([np.hypot(y - cy, x - cx) / r for cy, cx, r in places])
    nearest = distance.min(axis=0)
    inside = nearest < 1
    if len(places) > 1:
        first, second = np.sort(distance, axis=0)[:2]
        between = np.clip((second - first) * 2, 0, 1)
    else:
        between = np.ones(shape)
    boundary = np.where(inside, 1 - (1 - nearest) * between, 1)
    return np.stack([inside, np.where(inside, nearest, 1), boundary]).astype(np.float32)


def test_touching_disks_are_two_objects():
    maps = disks((80, 120), (40, 45, 20), (40, 75, 20))
    labels = label_instances(maps, InstanceSettings())
    assert len(np.unique(labels)) == 3
    assert labels[40, 45] != labels[40, 75]
    assert labels[40, 45] == labels[25, 40]
    # each keeps its side of the middle between them
    assert (labels[:, :58][labels[:, :58] > 0] == labels[40, 45]).all()
    covered = labels > 0
    assert (covered & (maps[0] > 0)).sum() > 0.97 * maps[0].sum()


def test_an_empty_map_has_no_objects():
    maps = np.stack([np.zeros((30, 50)), np.ones((30, 50)), np.ones((30, 50))]).astype(np.float32)
    tile = Tile((), 0, 0, 0, 0, 30, 50)
    assert list(instances(maps, tile, InstanceSettings())) == []


def test_small_objects_are_left_out():
    maps = disks((60, 90), (30, 25, 15), (30, 70, 5))
    few = InstanceSettings(distance_smoothing=0.5, smallest=200)
    all_ = InstanceSettings(distance_smoothing=0.5, smallest=10)
    assert len(np.unique(label_instances(maps, few))) == 2
    assert len(np.unique(label_instances(maps, all_))) == 3


def test_masks_lie_where_the_tile_does():
    tile = Tile((3,), 0, 1, y0=100, x0=1000, height=60, width=90)
    (mask,) = instances(disks((60, 90), (30, 25, 15)), tile, InstanceSettings())
    assert mask.plane == (3,)
    y0, x0, y1, x1 = mask.bbox
    assert (y0 + y1) / 2 == pytest.approx(130.5, abs=1)
    assert (x0 + x1) / 2 == pytest.approx(1025.5, abs=1)
    assert mask.area == pytest.approx(np.pi * 15**2, rel=0.1)
    assert 0.9 < mask.iou <= 1


def test_models_of_micro_sam_have_their_own_settings():
    assert instance_settings("vit_b_lm").distance_smoothing == 2.0
    assert instance_settings("vit_l_em_organelles").centre == 0.3
    assert instance_settings("my-own") == InstanceSettings()
