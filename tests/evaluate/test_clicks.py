"""Simulated annotator: where it clicks, and when it stops."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from napari_sam import PointPrompt
from napari_sam.evaluate.clicks import Protocol, next_click, simulate
from napari_sam.evaluate.figures import clicks_to
from napari_sam.evaluate.objects import TrueObject, objects_of
from napari_sam.masks.mask import Mask
from tests.evaluate.drawing import mask_of


@pytest.fixture
def square() -> TrueObject:
    """Rows and columns 10 to 30."""
    labels = np.zeros((50, 50), int)
    labels[10:31, 10:31] = 1
    (one,) = objects_of(labels)
    return one


def shown(*regions: tuple[int, int, int, int]) -> Mask:
    pixels = np.zeros((50, 50), bool)
    for y0, x0, y1, x1 in regions:
        pixels[y0:y1, x0:x1] = True
    return mask_of(pixels)


def test_a_missing_part_is_clicked_in_its_middle(square: TrueObject) -> None:
    click = next_click(square, shown((10, 10, 31, 22)))  # columns 22 to 30 are missing
    assert click is not None
    assert click.label == 1
    assert click.position[1] == 26
    assert 14 <= click.position[0] <= 26  # all of them are as far from the outline


def test_what_is_too_much_is_clicked_as_background(square: TrueObject) -> None:
    click = next_click(square, shown((10, 10, 31, 31), (31, 15, 46, 30), (0, 10, 10, 14)))
    assert click == PointPrompt((38, 22), 0)


def test_the_larger_of_two_errors_is_clicked_even_if_they_touch(square: TrueObject) -> None:
    click = next_click(square, shown((10, 10, 31, 26), (31, 10, 50, 26)))  # 105 missing, 304 more
    assert click is not None
    assert click.label == 0


def test_nothing_is_wrong_any_more(square: TrueObject) -> None:
    assert next_click(square, shown((10, 10, 31, 31))) is None


def test_nothing_shown_is_clicked_like_the_first_time(square: TrueObject) -> None:
    assert next_click(square, shown()) == PointPrompt(square.click)


def test_no_pixel_is_clicked_twice(square: TrueObject) -> None:
    before = [PointPrompt((20, 20))]
    click = next_click(square, shown(), before)
    assert click is not None
    assert click.position != (20, 20)
    almost = np.zeros((50, 50), bool)
    almost[10:31, 10:31] = True
    almost[20, 20] = False
    assert next_click(square, mask_of(almost), before) is None


class Painter:
    """Answers with squares around clicks: those of the object, less those of the background."""

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self.asked: list[list[int]] = []

    def __call__(self, objects: Mapping[int, Sequence[PointPrompt]]) -> dict[int, Mask]:
        self.asked.append([len(clicks) for clicks in objects.values()])
        return {i: self._paint(clicks) for i, clicks in objects.items()}

    def _paint(self, clicks: Sequence[PointPrompt]) -> Mask:
        pixels = np.zeros((50, 50), bool)
        for click in sorted(clicks, key=lambda click: -click.label):
            y, x = (int(v) for v in click.position)
            low, high = -self.reach, self.reach + 1
            pixels[max(y + low, 0) : y + high, max(x + low, 0) : x + high] = click.label
        return mask_of(pixels, iou=0.5, score=0.0)


def test_a_good_answer_is_still_clicked_five_times(square: TrueObject) -> None:
    asked: list[int] = []

    def ask(objects: Mapping[int, Sequence[PointPrompt]]) -> dict[int, Mask]:
        asked.append(len(objects[1]))
        return {1: shown((10, 10, 31, 27 if len(objects[1]) == 1 else 28))}

    (answers,) = simulate([square], (), ask, Protocol(most=20))
    assert [answer.iou for answer in answers] == [17 / 21, *[18 / 21] * 4]
    assert asked == [1, 2, 3, 4, 5]
    assert clicks_to(answers, 0.85) == 2


def test_a_perfect_answer_needs_no_more_clicks(square: TrueObject) -> None:
    (answers,) = simulate([square], (), Painter(reach=10), Protocol())
    assert [answer.iou for answer in answers] == [1]


def test_what_is_never_good_gets_all_clicks(square: TrueObject) -> None:
    painter = Painter(reach=0)
    once, twice = simulate([square, square], (), painter, Protocol(most=7))
    assert len(once) == len(twice) == 7
    assert painter.asked == [[n, n] for n in range(1, 8)]
    assert clicks_to(once, 0.85) is None


def test_fewer_clicks_than_are_always_made(square: TrueObject) -> None:
    (answers,) = simulate([square], (), Painter(reach=9), Protocol(most=2))
    assert len(answers) == 2


def test_clicks_are_on_the_plane(square: TrueObject) -> None:
    asked: list[PointPrompt] = []

    def ask(objects: Mapping[int, Sequence[PointPrompt]]) -> dict[int, Mask]:
        asked.extend(objects[1])
        return {1: replace(shown((10, 10, 20, 20)), plane=(3, 1))}

    simulate([square], (3, 1), ask, Protocol(most=2))
    assert {click.position[:2] for click in asked} == {(3, 1)}
