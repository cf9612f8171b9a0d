"""What is clicked is what is seen; layers say which image they belong to."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_sam.plugin.image.sight import is_seen, topmost_seen, why_unseen
from tests.plugin.bench import Bench, Open, picture


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({}, False),
        ({"blending": "opaque"}, False),
        ({"blending": "additive"}, True),
        ({"blending": "minimum"}, True),
        ({"opacity": 0.6}, False),
        ({"opacity": 0.4}, True),
        ({"visible": False}, True),
        ({"scale": (3, 3)}, False),
        ({"scale": (0.5, 0.5)}, True),
        ({"translate": (0, 1)}, True),
        ({"translate": (0, 60)}, True),
    ],
    ids=str,
)
def test_an_image_is_seen_unless_another_hides_all_of_it(
    options: Mapping[str, Any], seen: bool
) -> None:
    viewer = ViewerModel()
    below = viewer.add_image(picture(40, 48), name="below")
    above = viewer.add_image(picture(40, 48), name="above", **options)
    assert is_seen(viewer, below) == seen
    assert is_seen(viewer, below, beside=[above])
    assert is_seen(viewer, above) == above.visible
    assert topmost_seen(viewer) == (above if above.visible else below)
    below.visible = False
    assert not is_seen(viewer, below)


@pytest.mark.parametrize(("alpha", "seen"), [(255, False), (0, True), (40, True)])
def test_a_transparent_picture_hides_nothing(alpha: int, seen: bool) -> None:
    viewer = ViewerModel()
    below = viewer.add_image(picture(40, 48), name="below")
    colours = np.full((40, 48, 4), alpha, np.uint8)
    colours[4:8, 4:8] = 255  # an annotation
    viewer.add_image(colours, rgb=True, name="above")
    assert is_seen(viewer, below) == seen


def test_a_click_on_what_lies_above_is_named() -> None:
    viewer = ViewerModel()
    cells = viewer.add_image(picture(5, 40, 48), name="cells")
    viewer.add_image(picture(2, 10, 10), name="crop", translate=(0, 4, 6))
    viewer.dims.set_point(0, 1)
    line = "crop lies over cells here: hide it, or choose it in the dock."
    for place, expected in {
        (1, 4, 6): line,
        (1, 13.4, 15.4): line,
        (1, 3, 6): "",
        (1, 8, 17): "",
    }.items():
        assert why_unseen(viewer, cells, place) == expected
    viewer.dims.set_point(0, 3)  # where the crop has no slice
    assert why_unseen(viewer, cells, (3, 4, 6)) == ""
    viewer.dims.set_point(0, 1)
    viewer.canvas.grid.enabled = True
    assert why_unseen(viewer, cells, (1, 4, 6)) == ""
    cells.visible = False
    assert why_unseen(viewer, cells, (1, 4, 6)).startswith("cells is hidden: show it again")


def in_use(bench: Bench) -> str:
    name = bench.controller.workspace.image.name
    assert bench.dock.image_row.images.currentText() == name
    return str(name)


def shows_its_answer(bench: Bench) -> None:
    """The preview is the answer of the model to the click, on the image in use."""
    place = tuple(bench.layer("points").data[-1])
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[place]))


def accept_at(bench: Bench, *place: float) -> None:
    bench.click(place)
    bench.idle()
    bench.accept()
    bench.idle()


def test_the_dock_goes_on_to_the_image_that_is_opened_over_the_one_in_use(
    open_dock: Open,
) -> None:
    bench = open_dock(picture(40, 48), show=True)
    accept_at(bench, 12, 14)
    first = bench.layer("labels")
    before = first.data.copy()
    assert before.any()
    bench.click((30, 40))
    bench.idle()
    second = bench.viewer.add_image(picture(40, 48, seed=1), name="nuclei")
    bench.idle()
    assert in_use(bench) == "nuclei"
    assert bench.dock.status.text() == (
        "The object in cells was not accepted. cells is covered: nuclei is in use now. "
        "Click on an object."
    )
    assert (first.name, first.visible) == ("SAM labels (cells)", False)
    bench.click((20, 24))
    bench.idle()
    shows_its_answer(bench)
    bench.accept()
    assert bench.layer("labels").name == "SAM labels (nuclei)"
    np.testing.assert_array_equal(first.data, before)  # which nobody has seen meanwhile
    second.visible = False
    bench.idle()
    assert in_use(bench) == "cells"
    assert bench.dock.status.text().startswith("nuclei is hidden: cells is in use now.")
    assert first.visible
    assert not bench.viewer.layers["SAM labels (nuclei)"].visible
    assert bench.controller.object.touched  # by the click that was not accepted before
    bench.viewer.layers.remove("nuclei")
    bench.viewer.layers.remove("SAM labels (nuclei)")
    bench.idle()
    assert first.name == "SAM labels"


def test_an_image_that_is_chosen_in_the_dock_is_shown(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    second = bench.viewer.add_image(picture(40, 48, seed=1), name="nuclei")
    bench.idle()
    first = bench.viewer.layers["cells"]
    for name, shown, covering in (("cells", first, second), ("nuclei", second, first)):
        bench.dock.image_row.images.setCurrentText(name)
        bench.idle()
        assert in_use(bench) == name
        assert shown.visible
        assert covering.visible == (covering is first)  # it lies below the second
        bench.click((20, 24))
        bench.idle()
        shows_its_answer(bench)
        bench.drop()


def test_a_click_on_a_hidden_image_is_refused_with_a_line(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    bench.click((12, 14))
    bench.idle()
    before = bench.shown()
    image = bench.viewer.layers["cells"]
    image.visible = False
    bench.idle()
    line = "cells is hidden: show it again, or choose another image in the dock."
    assert bench.dock.status.text().startswith(line)
    bench.click((30, 40))
    bench.idle()
    assert bench.dock.status.text().startswith(line)
    assert len(bench.layer("points").data) == 1
    np.testing.assert_array_equal(bench.shown(), before)
    image.visible = True
    bench.click((30, 40))
    bench.idle()
    assert len(bench.layer("points").data) == 2


def test_a_click_on_a_crop_that_lies_over_the_image_is_refused(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    bench.viewer.add_image(picture(10, 10), name="crop", translate=(4, 6))
    bench.idle()
    assert in_use(bench) == "cells"
    bench.viewer.layers.selection.active = bench.layer("points")
    bench.click((8, 10))
    bench.idle()
    assert bench.dock.status.text().startswith("crop lies over cells here")
    assert not bench.controller.object.touched
    bench.click((30, 40))
    bench.idle()
    shows_its_answer(bench)


def test_layers_that_the_user_named_or_hid_stay_so(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    accept_at(bench, 12, 14)
    labels = bench.layer("labels")
    labels.name, labels.visible = "mine", False
    bench.viewer.add_image(picture(40, 48, seed=1), name="nuclei")
    bench.idle()
    accept_at(bench, 20, 24)
    bench.viewer.layers["nuclei"].visible = False
    bench.idle()
    assert in_use(bench) == "cells"
    assert (labels.name, labels.visible) == ("mine", False)
