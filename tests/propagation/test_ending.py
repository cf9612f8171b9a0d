"""An object ends for a reason that has a name."""

from dataclasses import replace

import pytest

from napari_sam.masks.mask import Mask
from napari_sam.propagation.ending import Ending, judge
from napari_sam.propagation.history import History
from tests.masks.drawing import disc


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (disc(48, 50, 11), None),
        (disc(48, 48, 1.2), None),
        (disc(48, 48, 30), Ending.AREA),
        (disc(48, 48, 5), Ending.AREA),
        (disc(48, 66, 10), Ending.MOVED),
        (replace(disc(48, 48, 10), iou=0.5), Ending.UNSURE),
        (replace(disc(48, 48, 10), object_score=-0.1), Ending.NOT_SEEN),
        (disc(48, 48, 0.5), Ending.NOT_SEEN),
    ],
)
def test_each_sign_that_an_object_has_ended_has_its_name(
    found: Mask, reason: Ending | None
) -> None:
    expected = disc(48, 48, 1.2 if found.area == 5 else 10)
    assert judge(History.begin(0, expected), expected, found) is reason
