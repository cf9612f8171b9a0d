"""Prompts: what the user pointed at, and what is refused."""

import numpy as np
import pytest

from napari_sam.errors import PromptError
from napari_sam.image.volume import Volume
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet

STACK = Volume.from_array(np.zeros((5, 40, 60), np.uint8))
INSIDE = PointPrompt((2, 10, 10))


def check(*prompts: Prompt, volume: Volume = STACK) -> None:
    PromptSet({1: prompts}).check(volume)


def refusal(*prompts: Prompt, volume: Volume = STACK) -> str:
    with pytest.raises(PromptError) as caught:
        check(*prompts, volume=volume)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("position", "plane"),
    [((2.4, 1, 1), (2,)), ((2.5, 1, 1), (3,)), ((-0.4, 3.2, 1, 1), (0, 3)), ((7.5, 8.5), ())],
)
def test_the_plane_is_the_nearest(position, plane):
    assert PointPrompt(position).plane == plane
    assert BoxPrompt(position, position).plane == plane


def test_a_click_is_on_the_pixel_around_it():
    assert PointPrompt((2, 9.6, 20.4)).bbox == (10, 20, 11, 21)


def test_corners_of_a_box_come_in_any_order():
    box = BoxPrompt((0, 30, 5), (0, 10, 25.5))
    assert box.corners.tolist() == [[10, 5], [30, 25.5]]
    assert box.bbox == (10, 5, 31, 27)
    assert BoxPrompt((0, 10, 25.5), (0, 30, 5)).bbox == box.bbox


def test_prompts_are_found_by_object_and_by_plane():
    here, there = PointPrompt((1, 5, 5)), PointPrompt((3, 5, 5))
    mask = MaskPrompt((3,), 2, 4, np.ones((5, 6), bool))
    prompts = PromptSet({7: (here, there), 9: (mask,)})
    assert prompts.of(7) == (here, there)
    assert prompts.of(8) == ()
    assert prompts.planes() == ((1,), (3,))
    assert prompts.on_plane((1,)).objects == {7: (here,)}
    assert prompts.on_plane((3,)).objects == {7: (there,), 9: (mask,)}
    assert prompts.on_plane((0,)).objects == {}
    assert mask.bbox == (2, 4, 7, 10)


@pytest.mark.parametrize(
    "prompt",
    [
        PointPrompt((0, 0, 0)),
        PointPrompt((4.4, 39.4, 59.4)),
        PointPrompt((-0.5, -0.5, -0.5)),
        BoxPrompt((2, 5, 5), (2, 30, 30)),
        BoxPrompt((2, -9, -9), (2, 400, 400)),  # drawn over the border, as people do
        MaskPrompt((4,), 0, 0, np.ones((40, 60), bool)),
    ],
)
def test_what_touches_the_image_is_taken(prompt):
    check(prompt)


@pytest.mark.parametrize(
    "position",
    [(2, -0.6, 5), (2, 39.5, 5), (2, 5, -1), (2, 5, 59.5), (-1, 5, 5), (4.5, 5, 5)],
)
def test_points_outside_of_the_image_are_refused(position):
    said = refusal(PointPrompt(position))
    assert f"point {position} lies outside the image (z 0 to 4, y 0 to 39, x 0 to 59)" == said


def test_a_single_image_takes_two_coordinates():
    image = Volume.from_array(np.zeros((40, 60)))
    check(PointPrompt((5, 6)), volume=image)
    said = refusal(PointPrompt((1, 5, 6)), volume=image)
    assert said == "point (1, 5, 6) has 3 coordinates: this image takes 2, (y, x)"


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        (PointPrompt((5,)), "1 coordinates: this image takes 3"),
        (PointPrompt((2, np.nan, 5)), "finite coordinates"),
        (PointPrompt((np.inf, 5, 5)), "finite coordinates"),
        (PointPrompt((2, 5, 5), label=2), "use 1 for the object, 0 for background"),
        (BoxPrompt((2, 5, 5), (2, 5, 30)), "no area"),
        (BoxPrompt((2, 5, 5), (2, 5, 5)), "no area"),
        (BoxPrompt((1, 5, 5), (2, 30, 30)), "draw it on one plane"),
        (BoxPrompt((2, 50, 5), (2, 70, 30)), "outside"),
        (BoxPrompt((9, 5, 5), (9, 30, 30)), "outside"),
        (BoxPrompt((5, 5), (30, 30)), "2 coordinates: this image takes 3"),
        (BoxPrompt((2, 5, 5), (2, np.inf, 30)), "finite"),
        (MaskPrompt((2,), 35, 0, np.ones((6, 6), bool)), "outside"),
        (MaskPrompt((2,), -1, 0, np.ones((6, 6), bool)), "outside"),
        (MaskPrompt((5,), 0, 0, np.ones((6, 6), bool)), "outside"),
        (MaskPrompt((), 0, 0, np.ones((6, 6), bool)), "outside"),
        (MaskPrompt((2,), 0, 0, np.zeros((6, 6), bool)), "empty"),
        (MaskPrompt((2,), 0, 0, np.ones((2, 6, 6), bool)), "3 dimensions"),
    ],
)
def test_what_describes_nothing_in_the_image_is_refused(prompt, says):
    assert says in refusal(prompt)
    assert says in refusal(INSIDE, prompt)


def test_background_alone_is_refused():
    said = refusal(PointPrompt((2, 5, 5), label=0), PointPrompt((2, 6, 6), label=0))
    assert said == (
        "object 1 has only background points: add a foreground point or a box on the object"
    )
    check(PointPrompt((2, 5, 5), label=0), BoxPrompt((2, 3, 3), (2, 9, 9)))


def test_an_object_without_prompts_is_refused():
    with pytest.raises(PromptError, match="object 4 has no prompts"):
        PromptSet({1: (INSIDE,), 4: ()}).check(STACK)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5000)])
def test_the_smallest_and_the_thinnest_image_can_be_clicked(shape):
    image = Volume.from_array(np.zeros(shape, np.uint8))
    last = tuple(n - 1 for n in shape)
    check(PointPrompt(last), BoxPrompt((-0.5, -0.5), tuple(n + 0.5 for n in last)), volume=image)
