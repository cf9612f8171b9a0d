"""Sizes: the candidates of a click (part, whole, cluster), chosen with a key."""

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_sam import BoxPrompt, PointPrompt, Session
from napari_sam.masks.prompted.size import Size, sized_click
from tests.plugin.bench import Bench, Open

CLICK = (46, 46)
OTHER = (60, 90)


@pytest.fixture
def nuclei(open_cells_tiny: Open) -> Bench:
    """A window with a disc on which a click may mean its spot, itself, or more."""
    bench = open_cells_tiny(blobs(), show=True, contrast_limits=(0, 255))
    bench.viewer.reset_view()
    QApplication.processEvents()
    return bench


def blobs() -> np.ndarray:
    """A large disc that holds bright spots, and another one."""
    y, x = np.mgrid[:96, :128]
    noise = np.random.default_rng(0).integers(0, 30, (96, 128))
    discs = ((y - 46) ** 2 + (x - 46) ** 2 < 28**2) * 60
    spots = sum(((y - b) ** 2 + (x - a) ** 2 < 49) * 120 for b, a in ((46, 46), (60, 90)))
    return (noise + discs + spots).clip(0, 255).astype(np.uint8)


def candidates(bench: Bench, place: Any) -> list[np.ndarray]:
    """The model's three, by area, as masks of the whole image."""
    image = bench.viewer.layers["cells"]
    session = Session.open(
        image.data,
        model=bench.model,
        contrast=tuple(image.contrast_limits),
        cache_dir=False,
    )
    masks = session.predict(points=[place], multimask_output=True)
    full = np.zeros((3, *image.data.shape), bool)
    for canvas, mask in zip(full, sorted(masks, key=lambda mask: mask.area), strict=True):
        y0, x0, y1, x1 = mask.bbox
        canvas[y0:y1, x0:x1] = mask.pixels
    return list(full)


def test_h_goes_through_three_sizes_and_back_to_the_best(nuclei: Bench) -> None:
    nuclei.click(CLICK)
    nuclei.idle()
    (place,) = nuclei.layer("points").data
    best, calls = nuclei.shown(), nuclei.controller.engine._session.encoder.calls
    expected = [*candidates(nuclei, place), best]
    areas = [int(mask.sum()) for mask in expected]
    assert 0 < areas[0] < areas[1] < areas[2]
    for size, mask in zip(("small", "medium", "large", "automatic"), expected, strict=True):
        nuclei.press("h")
        nuclei.idle()
        np.testing.assert_array_equal(nuclei.shown(), mask)
        assert nuclei.dock.clicks.size_button.text() == f"Size: {size}"
    assert nuclei.controller.engine._session.encoder.calls == calls


def test_the_size_is_remembered_and_each_click_keeps_its_own(nuclei: Bench) -> None:
    nuclei.press("h")
    assert "next click means: a small object" in nuclei.dock.status.text()
    nuclei.click(CLICK)
    nuclei.idle()
    (first,) = nuclei.layer("points").data
    small = candidates(nuclei, first)[0]
    np.testing.assert_array_equal(nuclei.shown(), small)
    nuclei.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(nuclei.layer("labels").data, small)

    nuclei.click(OTHER)
    nuclei.idle()
    (second,) = nuclei.layer("points").data
    np.testing.assert_array_equal(nuclei.shown(), candidates(nuclei, second)[0])


def test_of_several_objects_the_current_one_gets_another_size(nuclei: Bench) -> None:
    nuclei.click(CLICK)
    nuclei.press("j")
    nuclei.click(OTHER)
    nuclei.idle()
    second = nuclei.layer("points").data[1]
    one = nuclei.controller.objects.shown()[1]
    nuclei.press("h")
    nuclei.idle()
    shown = nuclei.controller.objects.shown()
    assert shown[1] == one
    expected = candidates(nuclei, second)[0]
    (mask,) = shown[2]
    np.testing.assert_array_equal(np.argwhere(mask.pixels) + mask.bbox[:2], np.argwhere(expected))


def test_more_clicks_correct_the_size_that_is_shown(nuclei: Bench) -> None:
    nuclei.click(CLICK)
    nuclei.dock.clicks.size_button.click()
    nuclei.idle()
    nuclei.press("q")
    nuclei.click((46, 60))
    nuclei.idle()
    clicks = [tuple(map(float, place)) for place in nuclei.layer("points").data]
    session = nuclei.controller.engine._session
    prompts = [PointPrompt(clicks[0]), PointPrompt(clicks[1], 0)]
    corrected = session.predict_objects({1: prompts}, {1: Size.SMALL})[1]
    plain = session.predict_objects({1: prompts})[1]
    assert int(nuclei.shown().sum()) == corrected.area
    assert corrected.area != plain.area


def test_a_box_says_itself_how_large_the_object_is(nuclei: Bench) -> None:
    nuclei.press("w")
    nuclei.drag((20, 20), (70, 70))
    nuclei.idle()
    shown = nuclei.shown()
    nuclei.press("h")
    nuclei.idle()
    assert "next click" in nuclei.dock.status.text()
    np.testing.assert_array_equal(nuclei.shown(), shown)


@pytest.mark.parametrize(
    ("areas", "chosen"),
    [
        ((9, 3, 5), [1, 2, 0]),
        ((9, 0, 5), [2, 0, 0]),
        ((0, 4, 0), [1, 1, 1]),
        ((0, 0, 0), [0, 1, 2]),
    ],
)
def test_sizes_are_ranks_of_areas_among_what_is_seen(
    areas: tuple[int, ...], chosen: list[int]
) -> None:
    sizes = (Size.SMALL, Size.MEDIUM, Size.LARGE)
    assert [size.of(areas) for size in sizes] == chosen


def test_a_size_is_of_clicks_alone() -> None:
    on, off, box = PointPrompt((1, 2)), PointPrompt((3, 4), 0), BoxPrompt((0, 0), (5, 5))
    assert sized_click([off, on]) is on
    assert sized_click([off]) is None
    assert sized_click([on, box]) is None
