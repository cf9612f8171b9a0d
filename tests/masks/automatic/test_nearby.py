"""Nearby: small objects from a part of the tile, large ones from all of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_sam import PointPrompt, Session
from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.automatic.nearby import decode_nearby
from napari_sam.masks.decode import Answer, decode
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import PromptSet
from napari_sam.tiles.grid import Tile
from napari_sam.weights.load import load_model

CENTRES = [(y, x) for y in range(40, 500, 70) for x in range(40, 600, 70)]
RADIUS = 14


@pytest.fixture(scope="module")
def model() -> Sam:
    return load_model("cells-tiny", "cpu")


@pytest.fixture(scope="module")
def disks() -> NDArray[np.uint8]:
    """Bright disks on a noisy ground."""
    rng = np.random.default_rng(0)
    image = rng.integers(20, 40, (540, 900)).astype(np.uint8)
    y, x = np.mgrid[:540, :900]
    for cy, cx in CENTRES:
        image[(y - cy) ** 2 + (x - cx) ** 2 < RADIUS**2] += 150
    return image


@pytest.fixture(scope="module")
def seen(model: Sam, disks: NDArray[np.uint8]) -> Embedding:
    session = Session.open(disks, model=model, contrast=(0, 255), cache_dir=False)
    (tile,) = session.tiles()
    return session.encoder.get(tile)


@pytest.fixture
def wide(tiny_model: Sam) -> Embedding:
    """What a random model saw in a tile that is larger than any window."""
    torch.manual_seed(3)
    with torch.inference_mode():
        features = tiny_model.encode_image(torch.randn(1, 3, 608, 704))
    return Embedding(Tile((2,), 0, 0, 1000, 2000, 600, 700), features)


def whole(model: Sam, embedding: Embedding, click: PointPrompt) -> Answer:
    return decode(model, embedding, PromptSet({1: (click,)}))[1][0]


def test_a_window_is_that_part_of_the_tile(seen: Embedding) -> None:
    window = seen.window((20, 40, 34, 57))
    assert window.tile.bbox == (320, 640, 540, 900)  # as far as the tile goes
    assert window.offset == (20, 40)
    for part, full, cells in zip(
        (window.features.image_embedding, *window.features.high_res_features),
        (seen.features.image_embedding, *seen.features.high_res_features),
        (1, 2, 4),
        strict=True,
    ):
        assert torch.equal(part, full[..., 20 * cells : 34 * cells, 40 * cells : 57 * cells])


def test_small_objects_look_the_same_from_a_window(model: Sam, seen: Embedding) -> None:
    clicks = {i: PointPrompt((float(y), float(x))) for i, (y, x) in enumerate(CENTRES)}
    answers = decode_nearby(model, seen, clicks)
    assert set(answers) == set(clicks)
    assert all(answers[i].tile.height <= 256 and answers[i].tile.width <= 256 for i in clicks)
    for i, click in clicks.items():
        mask, other = answers[i].to_mask(), whole(model, seen, click).to_mask()
        near = (*np.subtract(CENTRES[i], 40), *np.add(CENTRES[i], 40))
        both = mask.within(near) & other.within(near)
        assert both.sum() > 0.8 * (mask.area + other.area - both.sum())


def test_an_object_beyond_its_window_is_seen_in_the_whole_tile(
    tiny_model: Sam, wide: Embedding
) -> None:
    clicks = {3: PointPrompt((2, 1100.0, 2150.0)), 4: PointPrompt((2, 1500.0, 2600.0))}
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=-1000.0)  # all is object
    answers = decode_nearby(tiny_model, wide, clicks)
    assert {answer.tile for answer in answers.values()} == {wide.tile}
    assert answers[4].to_mask().bbox == wide.tile.bbox
    tiny_model.policy = replace(tiny_model.policy, mask_threshold=1000.0)  # nothing is
    answers = decode_nearby(tiny_model, wide, clicks)
    assert [answers[i].tile.bbox for i in clicks] == [
        (1000, 2000, 1256, 2256),
        (1352, 2448, 1600, 2700),
    ]


def test_no_answer_is_cut_by_its_window(tiny_model: Sam, wide: Embedding) -> None:
    tile = wide.tile
    rng = np.random.default_rng(3)
    places = rng.uniform((1000, 2000), (1600, 2700), (60, 2))
    clicks = {i: PointPrompt((2, float(y), float(x))) for i, (y, x) in enumerate(places)}
    for i, answer in decode_nearby(tiny_model, wide, clicks).items():
        window = answer.tile
        assert window.contains(*places[i])
        if window.bbox == tile.bbox:
            logits = whole(tiny_model, wide, clicks[i]).low_res_logits
            assert np.allclose(answer.low_res_logits, logits, atol=1e-4)
            continue
        inside = answer.low_res_logits > 0
        assert window.y0 == tile.y0 or not inside[0].any()
        assert window.y1 == tile.y1 or not inside[-1].any()
        assert window.x0 == tile.x0 or not inside[:, 0].any()
        assert window.x1 == tile.x1 or not inside[:, -1].any()


def test_a_model_of_whole_windows_is_asked_about_the_whole_tile(tiny_model: Sam) -> None:
    tiny_model.config = replace(tiny_model.config, resize="longest")
    torch.manual_seed(0)
    with torch.inference_mode():
        features = tiny_model.encode_image(torch.randn(1, 3, 1024, 1024))
    embedding = Embedding(Tile((), 0, 0, 0, 0, 1024, 1024), features)
    click = PointPrompt((100.0, 100.0))
    answer = decode_nearby(tiny_model, embedding, {1: click})[1]
    assert answer.tile == embedding.tile
    assert np.array_equal(answer.low_res_logits, whole(tiny_model, embedding, click).low_res_logits)
