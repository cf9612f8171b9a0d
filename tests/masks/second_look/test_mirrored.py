"""Mirrored: unsure answers are asked for once more from the mirror image of their surroundings."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_sam import BoxPrompt, MaskPrompt, PointPrompt, Session
from napari_sam.masks.decode import Answer, decode
from napari_sam.masks.mean import agreement
from napari_sam.masks.second_look import mirrored
from napari_sam.masks.second_look.mirrored import SURE, look_mirrored, mirrored_part
from napari_sam.masks.second_look.second_look import WINDOW
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import Prompt, PromptSet
from napari_sam.tiles.bbox import holds
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.weights.load import load_model
from tests.masks.second_look.looking import answer_of, check_hover_is_click, opened

HEIGHT, WIDTH = 150, 217
CELL = (60, 90, 100, 140)  # bbox


def cell() -> NDArray[np.bool_]:
    """The pixels of the only cell."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    inside: NDArray[np.bool_] = ((y - 80) / 20) ** 2 + ((x - 115) / 25) ** 2 < 1
    return inside


@pytest.fixture(scope="module")
def model() -> Sam:
    return load_model("cells-tiny", "cpu")


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    rng = np.random.default_rng(3)
    shape = (HEIGHT, WIDTH)
    grain = gaussian_filter(rng.normal(0, 60, shape), 2) + rng.normal(0, 8, shape)
    bright: NDArray[np.uint8] = (60 + 70 * cell() + grain).clip(0, 255).astype(np.uint8)
    return bright


def click(width: int | None = None) -> PointPrompt:
    x = 110.0
    return PointPrompt((76.0, x if width is None else width - 1 - x))


def box(width: int | None = None) -> BoxPrompt:
    first, last = 90.0, 139.0
    if width is not None:
        first, last = width - 1 - last, width - 1 - first
    return BoxPrompt((60.0, first), (99.0, last))


def mask(width: int | None = None) -> MaskPrompt:
    pixels = np.zeros((HEIGHT, WIDTH), bool)
    pixels[64:93, 95:131] = True
    pixels[64:70, 95:120] = False
    if width is not None:
        pixels = pixels[:, ::-1]
    return MaskPrompt((), 0, 0, pixels)


def answered(session: Session, tile: Tile, *prompts: Prompt) -> Answer:
    ((answer,),) = decode(
        session.encoder.model, session.encoder.close_up(tile), PromptSet({1: prompts})
    ).values()
    return answer


@pytest.mark.parametrize("zoom", [1.0, 0.5, 2.0])
@pytest.mark.parametrize("make", [(click,), (box,), (click, mask)])
def test_a_mirrored_tile_gives_the_answer_of_the_mirrored_image(
    model: Sam,
    image: NDArray[np.uint8],
    zoom: float,
    make: tuple[Callable[..., Prompt], ...],
) -> None:
    tile = Tile((), 0, 0, 0, 0, HEIGHT, WIDTH, zoom)
    one = answered(
        opened(model, image), replace(tile, mirrored=True), *(prompt() for prompt in make)
    )
    other = answered(
        opened(model, image[:, ::-1].copy()), tile, *(prompt(WIDTH) for prompt in make)
    )
    assert one.iou == pytest.approx(other.iou, abs=1e-5)
    np.testing.assert_allclose(
        one.tile_logits(), other.tile_logits()[:, ::-1], rtol=1e-4, atol=1e-3
    )


def test_an_unsure_answer_becomes_the_mean_of_both(
    model: Sam, image: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(model, image)
    prompts = {1: (click(),)}
    encodings = []
    masks = []
    for sure in (0.0, 1.1):
        monkeypatch.setattr(mirrored, "SURE", sure)
        before = session.encoder.calls
        masks.append(session.predict_objects(prompts)[1])
        encodings.append(session.encoder.calls - before)
    assert encodings == [1, 1]  # the tile, then the mirrored window
    first, both = masks
    assert both.iou != first.iou
    seen = both.within((0, 0, HEIGHT, WIDTH))
    assert (cell() & seen).sum() / (cell() | seen).sum() > 0.8


def test_agreement_counts_for_clicks_but_not_for_boxes(
    model: Sam, image: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrored, "SURE", 1.1)
    session = opened(model, image)
    for prompt, judged in ((click(), False), (box(), True)):
        answer = answer_of(session.encoder.grid, CELL)
        (look,) = look_mirrored(
            session.encoder, {1: (prompt,)}, {1: (answer, answer.to_mask())}
        ).values()
        mean = (look.first.iou + look.second.iou) / 2
        first, second = look.first.logits_in(look.second.tile.bbox), look.second.tile_logits()
        agreed = agreement(first, second)
        assert 0.5 < agreed < 1
        assert look.to_mask().iou == pytest.approx(mean if judged else (mean + agreed) / 2)


def test_hovering_shows_the_answer_of_a_click(
    model: Sam, image: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrored, "SURE", 1.1)
    check_hover_is_click(opened(model, image), click())


def test_sure_answers_and_masks_to_correct_are_not_looked_at(
    model: Sam, image: NDArray[np.uint8]
) -> None:
    session = opened(model, image)
    answer = answer_of(session.encoder.grid, CELL)
    unsure = {1: (answer, answer.to_mask())}
    assert look_mirrored(session.encoder, {1: (click(),)}, unsure)
    sure = {1: (replace(answer, iou=SURE), answer.to_mask())}
    assert not look_mirrored(session.encoder, {1: (click(),)}, sure)
    assert not look_mirrored(session.encoder, {1: (click(), mask())}, unsure)


@given(
    st.tuples(st.integers(0, 900), st.integers(0, 1100)),
    st.tuples(st.integers(1, 700), st.integers(1, 700)),
)
def test_the_mirrored_window_holds_the_object(
    corner: tuple[int, int], size: tuple[int, int]
) -> None:
    grid = TileGrid(1000, 1200, 1200, 0)
    (y0, x0), (height, width) = corner, size
    bbox = (y0, x0, min(1000, y0 + height), min(1200, x0 + width))
    answer = answer_of(grid, bbox)
    part = mirrored_part(grid, answer.tile, answer.to_mask(), (PointPrompt((y0, x0)),))
    if part is None:
        assert max(bbox[2] - y0, bbox[3] - x0) > WINDOW / 2 / 0.5 - 40
    else:
        assert part.mirrored
        assert holds(part.bbox, bbox)
        assert max(part.height, part.width) * part.zoom <= WINDOW
