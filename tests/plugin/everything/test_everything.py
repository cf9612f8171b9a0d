"""Segmentation without prompts: one slice, all slices, and clicks that overtake it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from napari_sam import Session
from tests.plugin.bench import GatedSam, Open, picture, tube


def test_everything_in_one_slice_or_in_all(open_dock: Open, confident: GatedSam) -> None:
    data = picture(3, 40, 48)
    session = Session.open(
        data, model=confident, contrast=(float(data.min()), float(data.max())), cache_dir=False
    )
    counts = {step.tile.plane: len(step.masks) for step in session.segment_everything(commit=False)}
    bench = open_dock(data, contrast_limits=(data.min(), data.max()))
    bench.viewer.dims.set_current_step(0, 1)
    bench.dock.everything_box.slice_button.click()
    bench.idle()
    labels = bench.layer("labels").data
    assert counts[(1,)] > 0
    assert set(np.nonzero(labels)[0]) == {1}
    assert len(np.unique(labels)) - 1 == counts[(1,)]
    bench.dock.everything_box.all_button.click()
    bench.idle()
    assert len(np.unique(labels)) - 1 == sum(counts.values())


def test_everything_linked_has_one_label_through_all_slices(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube(5))
    bench.dock.everything_box.linked.setChecked(True)
    bench.dock.everything_box.all_button.click()
    bench.idle()
    labels = bench.layer("labels").data
    inside = [np.bincount(labels[z][tube(5)[z] > 120]).argmax() for z in range(5)]
    assert len(set(inside)) == 1
    assert inside[0] > 0
    count = len(np.unique(labels)) - 1
    assert f"{count} object" in bench.dock.status.text()
    assert "wait for review: Next [Shift-S]" in bench.dock.status.text()
    bench.dock.everything_box.all_button.click()  # nothing is free any more where objects are
    bench.idle()
    assert [np.bincount(labels[z][tube(5)[z] > 120]).argmax() for z in range(5)] == inside


def test_a_click_overtakes_everything(open_dock: Open) -> None:
    bench = open_dock(picture(8, 40, 48))
    with bench.model.held():
        bench.dock.everything_box.all_button.click()
        bench.wait(bench.model.inside.is_set)
        bench.add(0, 20, 20)
        order: list[str] = []
        runner = bench.controller.runner
        for job, name in ((runner._running, "tile"), (runner._queue[0], "click")):
            job.receive = noting(job.receive, order, name)
    bench.idle()
    clicks = [i for i, name in enumerate(order) if name == "click"]
    tiles = [i for i, name in enumerate(order) if name == "tile"]
    assert clicks[-1] < tiles[-1]
    assert sum(i < clicks[0] for i in tiles) <= 2
    assert bench.controller.object.masks


def noting(receive: Callable[[Any], None], order: list[str], name: str) -> Callable[[Any], None]:
    def noted(event: Any) -> None:
        order.append(name)
        receive(event)

    return noted
