"""Where an image has a single value there is no object, whatever a model draws."""

import numpy as np
import pytest

from napari_sam import BoxPrompt, PointPrompt, Session
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.blank import blank_mask, is_blank, is_constant, lies_on_blank
from napari_sam.prompts.prompt import Prompt
from napari_sam.tiles.bbox import BBox

CLICK = PointPrompt((50.0, 60.0))
BOX = BoxPrompt((30.0, 40.0), (70.0, 80.0))


@pytest.mark.parametrize("value", [0, 7, 255])
@pytest.mark.parametrize("prompt", [CLICK, BOX])
def test_a_prompt_on_a_constant_image_gives_no_object(value: int, prompt: Prompt) -> None:
    image = np.full((100, 120), value, np.uint8)
    session = Session.open(image, model="cells-tiny", cache_dir=False)
    mask = session.predict_objects({1: [prompt]})[1]
    assert lies_on_blank(mask)
    assert mask.confidence == 0


def test_a_prompt_on_a_black_frame_gives_no_object_and_inside_it_does() -> None:
    image = np.zeros((256, 256), np.uint8)
    y, x = np.mgrid[:100, :100]
    noise = np.random.default_rng(0).integers(0, 40, y.shape)
    image[10:110, 10:110] = noise + 150 * ((y - 50) ** 2 + (x - 50) ** 2 < 400)
    session = Session.open(image, model="cells-tiny", cache_dir=False)
    inside, frame = PointPrompt((60.0, 60.0)), BoxPrompt((190.0, 190.0), (215.0, 215.0))
    masks = session.predict_objects({1: [inside], 2: [frame]})
    assert masks[1].area > 800
    assert lies_on_blank(masks[2])


def test_nothing_is_segmented_on_a_constant_image_and_a_warning_says_why() -> None:
    session = Session.open(np.full((90, 80), 9, np.uint8), model="cells-tiny", cache_dir=False)
    assert [step.masks for step in session.segment_everything()] == [()]
    assert not np.any(session.labels)
    assert session.warnings == ["the image has a single value here: there is nothing to segment"]


@pytest.mark.parametrize("bbox", [(-4, 10, 6, 20), (10, -4, 20, 6), (-4, -4, 6, 6)])
def test_a_box_that_reaches_beyond_the_image_is_judged_by_its_surroundings(bbox: BBox) -> None:
    pixels = np.zeros((100, 100), np.uint8)
    pixels[60:] = np.random.default_rng(0).integers(0, 255, (40, 100))
    assert is_blank(Volume.from_array(pixels), (), bbox)
    pixels[8, 8] = 1
    assert not is_blank(Volume.from_array(pixels), (), bbox)


@pytest.mark.parametrize(
    ("pixels", "constant"),
    [([3.0, 3.0], True), ([3.0, 4.0], False), ([np.nan, 3.0], True), ([np.nan, np.inf], True)],
)
def test_pixels_that_are_not_finite_do_not_count(pixels: list[float], constant: bool) -> None:
    assert is_constant(np.array(pixels)) is constant


def test_an_empty_mask_of_the_model_is_not_one_on_a_blank_place() -> None:
    empty = Mask((2,), (1, 1, 3, 3), np.zeros((2, 2), bool), 0.1, -4.0)
    assert not lies_on_blank(empty)
    assert lies_on_blank(blank_mask(empty))
    assert blank_mask(empty).plane == (2,)
