"""Calibration: axes are selected and reordered together with their scale, origin and unit."""

import numpy as np
import pytest

from napari_sam.errors import ImageError
from napari_sam.image.calibration import Calibration
from napari_sam.image.volume import Volume

TZYX = Calibration("TZYX", (60.0, 2.0, 0.5, 0.25), (0.0, 100.0, 10.0, 0.0), ("s", "um", "um", "um"))


def test_an_image_has_that_of_its_labels():
    data = np.zeros((2, 3, 4, 5), np.uint8)
    volume = Volume.from_array(data, axes="ZCYX", scale=(2, 0.5, 0.25), units=("um",) * 3)
    assert volume.calibration == Calibration(
        "ZYX", (2.0, 0.5, 0.25), (0.0, 0.0, 0.0), ("um", "um", "um")
    )


def test_axes_take_their_values_along():
    assert TZYX.select("ZYX") == Calibration(
        "ZYX", (2.0, 0.5, 0.25), (100.0, 10.0, 0.0), ("um", "um", "um")
    )
    assert TZYX.select("XT") == Calibration("XT", (0.25, 60.0), (0.0, 0.0), ("um", "s"))


def test_an_axis_that_is_not_there_is_skipped():
    assert TZYX.select("TCZYX") == TZYX
    assert TZYX.select("C") == Calibration("", (), (), ())


def test_positions_of_pixels_become_those_of_the_world():
    world = TZYX.select("ZYX").to_world([(0, 0, 0), (1, 2.5, 4)])
    assert world.dtype == np.float64
    assert world.tolist() == [[100, 10, 0], [102, 11.25, 1]]


def test_missing_values_are_those_of_pixels():
    assert Calibration.checked("YX") == Calibration(
        "YX", (1.0, 1.0), (0.0, 0.0), ("pixel", "pixel")
    )


@pytest.mark.parametrize(
    "values", [{"scale": (1, 0)}, {"scale": (1,)}, {"translate": (0, np.inf)}, {"units": "um"}]
)
def test_values_that_do_not_fit_the_axes_are_refused(values):
    with pytest.raises(ImageError, match=next(iter(values))):
        Calibration.checked("YX", **values)
