"""The motion and the usual area of an object follow from the planes before."""

from napari_sam.masks.mask import Mask
from napari_sam.propagation.history import History
from tests.masks.drawing import disc


def test_a_shift_is_believed_as_far_as_it_is_steady() -> None:
    steady = History.begin(0, disc(30, 30, 8))
    assert steady.shift(1) == (0, 0)
    for z in (1, 2, 3):
        steady = steady.then(z, disc(30 + 4 * z, 30 - 2 * z, 8))
    assert steady.shift(4) == (4, -2)
    assert steady.shift(5) == (8, -4)
    shaken = History.begin(0, disc(30, 30, 8))
    for z, y in enumerate((36, 30, 37, 29), start=1):
        shaken = shaken.then(z, disc(y, 30, 8))
    assert shaken.shift(5) == (0, 0)


def test_a_shift_points_along_the_walk_also_on_the_way_down() -> None:
    history = History.begin(9, disc(30, 30, 8))
    for z, y in ((8, 33), (6, 39)):  # one plane was passed over
        history = history.then(z, disc(y, 30, 8))
    assert history.shift(5) == (3, 0)
    assert history.shift(4) == (6, 0)


def test_usual_is_the_median_of_the_last_five_planes() -> None:
    history = History.begin(0, disc(48, 48, 30))
    assert history.usual_area == disc(48, 48, 30).area
    for z, radius in enumerate((5, 9, 7, 6, 8), start=1):
        seen = disc(48, 48, radius)
        history = history.then(z, Mask(seen.plane, seen.bbox, seen.pixels, radius / 10, 5.0))
    assert history.usual_area == disc(48, 48, 7).area
    assert history.usual_iou == 0.7
