"""Everything on the screen, and the review of what was found: least sure first, keep or drop."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam import Session
from napari_sam.labels.paint import OverlapPolicy
from napari_sam.plugin.labels.rating import Look
from napari_sam.plugin.results.writers import write_labels_layer
from napari_sam.plugin.worker.events import Found, PlaneObjects
from tests.plugin.bench import Bench, Open
from tests.plugin.journals import crash

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def discs(height: int = 96, width: int = 96) -> np.ndarray:
    """Bright discs of several sizes, 30 pixels apart, on noise."""
    y, x = np.mgrid[:height, :width]
    image = np.random.default_rng(0).integers(0, 40, (height, width)).astype(float)
    places = [(r, c) for r in range(18, height, 30) for c in range(18, width, 30)]
    for k, (row, col) in enumerate(places):
        radius = (9, 7, 6, 8, 5, 7)[k % 6]
        image[(y - row) ** 2 + (x - col) ** 2 < radius**2] += 60 + 15 * (k % 9)
    return np.clip(image, 0, 255).astype(np.uint8)


def stack() -> np.ndarray:
    """Discs in two of three slices."""
    return np.stack([discs(), np.zeros((96, 96), np.uint8), np.rot90(discs())])


def press(bench: Bench, key: Any, how: Any = SHIFT) -> None:
    QTest.keyClick(bench.native, key, how)
    QApplication.processEvents()


def shift(bench: Bench, letter: str) -> None:
    press(bench, getattr(Qt.Key, f"Key_{letter}"))


def run(bench: Bench, button: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    bench.idle()


def found_in(open_cells_tiny: Open, data: np.ndarray, **kwargs: Any) -> Bench:
    """A dock in which all objects of a slice, or of all, were found."""
    bench = open_cells_tiny(data, show=True, contrast_limits=(0, 255), **kwargs)
    bench.dock.everything_box.set_open()
    box = bench.dock.everything_box
    run(bench, box.slice_button if data.ndim == 2 else box.all_button)
    return bench


def scores(bench: Bench) -> dict[int, float]:
    """What the features say of labels that have a score."""
    table = bench.layer("labels").features
    pairs = zip(table["index"], table["score"], strict=True)
    return {int(label): float(score) for label, score in pairs if not np.isnan(score)}


def in_order(bench: Bench) -> list[int]:
    """The labels, least sure first."""
    found = bench.controller.workspace.ratings.of_label
    return sorted(found, key=lambda label: (found[label].score, label))


def outlined(bench: Bench) -> set[int]:
    """The labels under what is marked in the viewer."""
    layer, labels = bench.layer("review"), bench.layer("labels")
    assert layer.contour > 0
    index = np.argwhere(np.asarray(layer.data))
    if not len(index):
        return set()
    world = [layer.data_to_world(place) for place in index]
    marked = np.round([labels.world_to_data(place) for place in world]).astype(int)
    return set(np.unique(labels.data[tuple(marked.T)]).tolist())


def text(bench: Bench) -> str:
    box = bench.dock.everything_box.review_box
    return "" if box.isHidden() else str(box.text.text())


# --- what is on the screen -------------------------------------------------------------------


def test_here_finds_whole_objects_of_the_tiles_on_the_screen_alone(open_cells_tiny: Open) -> None:
    data = discs(64, 2600)
    bench = open_cells_tiny(data, show=True, contrast_limits=(0, 255))
    camera = bench.viewer.scene.camera
    camera.zoom, camera.center = 6, (0, 32, 300)
    image = bench.viewer.layers["cells"]
    bench.wait(lambda: 200 < image.corner_pixels[0][1] < 300)
    left, right = map(int, image.corner_pixels[:, 1])
    assert 300 < right < 400
    bench.dock.everything_box.set_open()
    run(bench, bench.dock.everything_box.here_button)
    assert len(bench.controller.engine._session.encoder.in_memory()) == 1  # of three tiles
    labels = bench.layer("labels").data
    session = Session.open(data, model=bench.model, contrast=(0, 255), cache_dir=False)
    *_, all_of_it = session.segment_everything(commit=False)
    inside = [m for m in all_of_it.masks if left <= (m.bbox[1] + m.bbox[3]) / 2 < right + 1]
    assert len(np.unique(labels)) - 1 == len(inside) > 3
    for mask in inside:
        y0, x0, y1, x1 = mask.bbox
        (label,) = set(np.unique(labels[y0:y1, x0:x1][mask.pixels])) - {0}
        assert (labels == label).sum() == mask.area  # whole, also where the screen ends


def test_here_again_a_step_further_finds_nothing_twice(open_cells_tiny: Open) -> None:
    data = discs(64, 800)
    bench = open_cells_tiny(data, show=True, contrast_limits=(0, 255))
    camera = bench.viewer.scene.camera
    for middle in (200, 230, 260):
        camera.zoom, camera.center = 5, (0, 32, middle)
        bench.qtbot.wait(50)
        run(bench, bench.dock.everything_box.here_button)
    labels = bench.layer("labels").data
    areas = np.bincount(labels.ravel())[1:]
    assert (areas > 40).all()  # no scraps around what was there
    assert len(areas) == len(np.unique(labels)) - 1


def test_here_refuses_what_is_not_a_slice(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(stack(), contrast_limits=(0, 255))
    bench.viewer.dims.ndisplay = 3
    bench.dock.everything_box.here_button.click()
    assert "3D" in bench.dock.status.text()
    assert not bench.controller.runner.busy


def test_objects_come_tile_by_tile_and_cancel_keeps_them_as_one_step(
    open_cells_tiny: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_cells_tiny(discs(64, 2600), show=True, contrast_limits=(0, 255))
    work = bench.controller.workspace
    accept_all, edges = work.writer.accept_all, []

    def accept(found: PlaneObjects, *args: Any) -> int:
        count = int(accept_all(found, *args))
        edges.append(int(np.nonzero(work.labels.data)[1].max()))
        if len(edges) == 2:
            bench.dock.cancel_button.click()
        return count

    monkeypatch.setattr(work.writer, "accept_all", accept)
    bench.dock.everything_box.slice_button.click()
    bench.idle()
    assert len(edges) == 2
    assert edges[0] < 1024 < edges[1] < 1856  # the first tile, then the second
    count = len(np.unique(work.labels.data)) - 1
    assert count > 50
    assert len(scores(bench)) == count
    assert text(bench) == f"Review: 0 of {count}, least sure first"
    bench.viewer.layers.selection.active = bench.layer("points")
    press(bench, Qt.Key.Key_Z, CTRL)
    assert not work.labels.data.any()
    assert text(bench) == ""


# --- scores ----------------------------------------------------------------------------------


def test_each_object_has_its_score_and_undo_takes_it_along(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs())
    session = Session.open(discs(), model=bench.model, contrast=(0, 255), cache_dir=False)
    (step,) = session.segment_everything(commit=False)
    labels = bench.layer("labels").data
    expected = {}
    for mask in step.masks:
        y0, x0, y1, x1 = mask.bbox
        (label,) = set(np.unique(labels[y0:y1, x0:x1][mask.pixels])) - {0}
        expected[int(label)] = round(mask.confidence, 4)
    assert len(expected) == 9
    assert scores(bench) == expected
    press(bench, Qt.Key.Key_Z, CTRL)
    assert not labels.any()
    assert scores(bench) == {}
    press(bench, Qt.Key.Key_Z, CTRL | SHIFT)
    assert scores(bench) == expected
    assert text(bench) == "Review: 0 of 9, least sure first"


def test_an_object_in_many_slices_has_the_least_score_and_goes_as_a_whole(
    open_cells_tiny: Open,
) -> None:
    bench = open_cells_tiny(np.stack([discs()] * 3), show=True, contrast_limits=(0, 255))
    bench.dock.everything_box.linked.setChecked(True)
    bench.dock.everything_box.all_button.click()
    bench.idle()
    labels = bench.layer("labels").data
    first = in_order(bench)[0]
    assert (labels == first).any(axis=(1, 2)).all()
    shift(bench, "S")
    shift(bench, "D")
    assert not (labels == first).any()
    press(bench, Qt.Key.Key_Z, CTRL)
    assert (labels == first).any(axis=(1, 2)).all()


def test_scores_are_saved_with_the_labels(open_cells_tiny: Open, tmp_path: Path) -> None:
    bench = found_in(open_cells_tiny, discs())
    layer, path = bench.layer("labels"), tmp_path / "labels.ome.zarr"
    write_labels_layer(str(path), *layer.as_layer_data_tuple()[:2])
    told = zarr.open_group(path, mode="r").attrs["ome"]["image-label"]["properties"]
    assert {one["label-value"]: one["score"] for one in told} == scores(bench)


# --- review ----------------------------------------------------------------------------------


def test_keys_go_from_the_least_sure_to_the_surest(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, stack())
    order, labels = in_order(bench), bench.layer("labels")
    found = bench.controller.workspace.ratings.of_label
    assert len(order) > 12
    assert text(bench) == f"Review: 0 of {len(order)}, least sure first"
    seen = []
    for label in order:
        shift(bench, "S")
        assert outlined(bench) == {label} == {labels.selected_label}
        assert bench.viewer.dims.point[0] == found[label].plane[0]
        y0, x0, y1, x1 = found[label].boxes[found[label].plane]
        centre = bench.viewer.scene.camera.center
        assert centre[-2:] == pytest.approx(((y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2))
        seen.append(label)
        assert f"Label {label}: " in bench.dock.status.text()
    assert {found[label].plane[0] for label in seen} == {0, 2}
    shift(bench, "S")
    assert outlined(bench) == {order[0]}  # nobody has kept it: from the first on again


def test_what_is_small_on_the_screen_is_brought_nearer(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs(300, 300))
    camera = bench.viewer.scene.camera
    far = camera.zoom
    shift(bench, "S")
    bench.qtbot.wait(50)
    near = camera.zoom
    assert near > 2 * far
    shift(bench, "F")
    assert near / 2 < camera.zoom < near * 2  # and there it stays, more or less


def test_what_was_kept_never_comes_again(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs())
    order, labels = in_order(bench), bench.layer("labels").data.copy()
    shift(bench, "F")  # nothing was shown: nothing is kept, the first comes
    assert text(bench) == "Review: 0 of 9, least sure first"
    assert outlined(bench) == {order[0]}
    shift(bench, "F")
    assert text(bench) == "Review: 1 of 9, least sure first"
    assert outlined(bench) == {order[1]}
    assert bench.marked_rows() == ["SAM points"]  # as before the outline was there
    bench.choose_row("SAM review")
    assert bench.viewer.layers.selection.active.name == "SAM labels"  # there the keys work
    assert bench.marked_rows() == ["SAM labels"]
    shift(bench, "S")
    QTest.mouseClick(bench.dock.everything_box.review_box.keep_button, Qt.MouseButton.LeftButton)
    assert outlined(bench) == {order[3]}
    for _ in range(6):
        shift(bench, "F")
    assert text(bench) == "Review: 8 of 9, least sure first"
    assert outlined(bench) == {order[1]}  # it was passed over
    shift(bench, "F")
    assert text(bench) == ""
    assert outlined(bench) == set()
    assert "9 objects are looked at" in bench.dock.status.text()
    shift(bench, "S")
    assert outlined(bench) == set()
    assert (bench.layer("labels").data == labels).all()


def test_a_button_of_the_review_ends_the_outcome_before(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs())
    order = in_order(bench)
    bench.add(3, 3)
    bench.idle()
    bench.press(Qt.Key.Key_Escape)
    assert bench.dock.status.text().startswith("Dropped.")
    run(bench, bench.dock.everything_box.review_box.next_button)
    assert bench.dock.status.text().startswith(f"Label {order[0]}: ")
    run(bench, bench.dock.everything_box.review_box.keep_button)
    assert bench.dock.status.text().startswith(f"Label {order[1]}: ")


def test_dropping_is_one_step_and_undo_lets_it_be_looked_at_again(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs())
    order, labels = in_order(bench), bench.layer("labels").data
    before = labels.copy()
    shift(bench, "S")
    shift(bench, "D")
    assert (labels == np.where(before == order[0], 0, before)).all()
    assert outlined(bench) == {order[1]}
    assert scores(bench).keys() == set(order[1:])
    QTest.mouseClick(bench.dock.everything_box.review_box.drop_button, Qt.MouseButton.LeftButton)
    assert (labels == np.where(np.isin(before, order[:2]), 0, before)).all()
    assert text(bench) == "Review: 2 of 9, least sure first"
    press(bench, Qt.Key.Key_Z, CTRL)
    assert (labels == np.where(before == order[0], 0, before)).all()
    press(bench, Qt.Key.Key_Z, CTRL)
    assert (labels == before).all()
    assert scores(bench).keys() == set(order)
    assert text(bench) == "Review: 0 of 9, least sure first"
    press(bench, Qt.Key.Key_Z, CTRL | SHIFT)
    assert text(bench) == "Review: 1 of 9, least sure first"
    assert not (labels == order[0]).any()
    press(bench, Qt.Key.Key_Z, CTRL)
    for _ in order:
        shift(bench, "S")
    assert outlined(bench) <= set(order)
    press(bench, Qt.Key.Key_Z, CTRL)  # all that was found, in one more step
    assert not labels.any()


def test_the_journal_notes_what_was_dropped(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs())
    first = in_order(bench)[0]
    shift(bench, "S")
    shift(bench, "D")
    path = Path(bench.layer("labels").metadata["napari-sam-journal"])
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    kinds = [(one["kind"], one["label"]) for one in entries[1:] if one["kind"] != "rated"]
    assert kinds[-2:] == [("accepted", 0), ("accepted", first)]
    labels = bench.layer("labels").data.copy()
    bench.layer("labels").data[:] = 0
    bench.controller.workspace.keeping.journal.journal.accepted()[-1].take_back(
        bench.layer("labels").data
    )
    assert (bench.layer("labels").data > 0).any()
    assert not (labels == first).any()


def test_what_was_corrected_by_hand_was_looked_at(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs())
    order, layer = in_order(bench), bench.layer("labels")
    bench.viewer.layers.selection.active = bench.layer("points")
    rows, cols = np.nonzero(layer.data == order[0])
    bench.move((rows.mean(), cols.mean()))
    shift(bench, "J")
    bench.idle()
    bench.press(Qt.Key.Key_Return)
    bench.idle()
    assert (layer.data == order[0]).any()
    assert text(bench) == "Review: 1 of 9, least sure first"
    rated = bench.controller.workspace.ratings.of_label
    assert rated[order[0]].look is Look.KEPT  # it was put back as it was
    layer.selected_label, layer.brush_size = 0, 3
    layer.mode = "paint"
    bench.viewer.layers.selection.active = layer
    rows, cols = np.nonzero(layer.data == order[1])
    bench.click((int(rows.mean()), int(cols.mean())))
    assert layer.data[int(rows.mean()), int(cols.mean())] == 0
    assert text(bench) == "Review: 2 of 9, least sure first"
    assert bench.controller.workspace.ratings.of_label[order[1]].look is Look.CORRECTED
    shift(bench, "S")
    assert outlined(bench) == {order[2]}
    press(bench, Qt.Key.Key_Z, CTRL)
    assert layer.data[int(rows.mean()), int(cols.mean())] == order[1]
    assert text(bench) == "Review: 1 of 9, least sure first"  # it waits again


def test_the_next_object_comes_after_a_correction_with_clicks(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs())
    order, layer = in_order(bench), bench.layer("labels")
    shift(bench, "S")
    for label in (order[0], order[4]):  # the second one without its turn
        before = np.array(layer.data == label)
        rows, cols = np.nonzero(before)
        bench.move((rows.mean(), cols.mean()))
        shift(bench, "J")
        bench.idle()
        bench.click((rows.max() + 3, cols.mean()))
        bench.idle()
        bench.press(Qt.Key.Key_Return)
        bench.idle()
        assert (np.asarray(layer.data == label) != before).any()
        assert outlined(bench) == {order[1]}
    assert text(bench) == "Review: 2 of 9, least sure first"


def test_an_object_that_others_have_taken_is_passed_over(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs())
    order, layer = in_order(bench), bench.layer("labels")
    layer.data[layer.data == order[0]] = 0  # by another plugin, say
    shift(bench, "S")
    assert outlined(bench) == {order[1]}
    assert text(bench) == "Review: 1 of 9, least sure first"


def test_nothing_is_dropped_that_is_out_of_sight(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, stack())
    labels = bench.layer("labels").data
    shift(bench, "S")
    here, before = bench.viewer.dims.point[0], labels.copy()
    bench.viewer.dims.set_point(0, 1)
    shift(bench, "D")
    assert (labels == before).all()
    assert bench.viewer.dims.point[0] == here
    shift(bench, "D")
    assert (labels != before).any()


def test_scores_and_looks_outlive_the_dock(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, discs())
    order = in_order(bench)
    shift(bench, "S")
    shift(bench, "F")
    assert "SAM review" in bench.names()
    bench.controller.close()
    assert "SAM review" not in bench.names()
    again = Bench(bench.viewer, bench.model, bench.qtbot)
    assert text(again) == "Review: 1 of 9, least sure first"
    again.controller.review.next()
    assert outlined(again) == {order[1]}
    again.viewer.layers.remove(again.layer("labels"))
    again.idle()
    assert text(again) == ""
    again.controller.close()
    again.wait(lambda: not again.controller.model_view.busy)


def test_scores_and_looks_come_back_with_the_labels(open_cells_tiny: Open) -> None:
    bench = found_in(open_cells_tiny, stack())
    order, before = in_order(bench), bench.controller.workspace.ratings.of_label.copy()
    for key in "SFD":  # the first is kept, the second dropped
        shift(bench, key)
    shift(bench, "F")  # and the third kept
    expected = scores(bench)
    crash()
    again = open_cells_tiny(stack(), show=True, contrast_limits=(0, 255))
    assert text(again) == ""
    again.dock.restore_box.restore_button.click()
    assert text(again) == f"Review: 3 of {len(order)}, least sure first"
    assert scores(again) == pytest.approx(expected)
    known = again.controller.workspace.ratings.of_label
    assert {k: one.boxes for k, one in known.items()} == {k: r.boxes for k, r in before.items()}
    again.controller.review.next()
    assert outlined(again) == {order[3]}


def test_ten_thousand_objects_are_never_searched_for(
    open_cells_tiny: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_cells_tiny(np.zeros((1000, 1000), np.uint8), show=True)
    work = bench.controller.workspace
    numbers = np.kron(np.arange(1, 10_001).reshape(100, 100), np.ones((10, 10))).astype(np.uint32)
    found = {
        n: Found((n * 7919 % 10_007) / 10_007, (y, x, y + 10, x + 10))
        for n, (y, x) in enumerate(
            ((y, x) for y in range(0, 1000, 10) for x in range(0, 1000, 10)), 1
        )
    }
    objects = PlaneObjects((), (0, 0, 1000, 1000), numbers, found=found)
    with work.history.one_action():
        assert work.writer.accept_all(objects) == 10_000
    least = sorted(found, key=lambda n: found[n].score)
    read: list[int] = []

    class Read:
        """The labels, noting how much of them is read."""

        def __getitem__(self, index: Any) -> Any:
            read.append(work.labels.data[index].size)
            return work.labels.data[index]

    monkeypatch.setattr(work.labels_layer, "plain", Read)
    shift(bench, "S")
    assert outlined(bench) == {least[0]}
    shift(bench, "D")
    assert outlined(bench).isdisjoint(least[:100])  # a random one
    shift(bench, "D")
    for label in least[1:3]:
        assert outlined(bench) == {label}
        shift(bench, "D")
    shift(bench, "D")
    shift(bench, "F")
    assert max(read) == 100  # the box of one object
    assert text(bench) == "Review: 6 of 10000, least sure first"


def test_review_does_not_care_how_objects_overlap(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(discs(), show=True, contrast_limits=(0, 255))
    box = bench.dock.accept_box
    bench.add(18, 18)
    bench.idle()
    bench.accept()
    run(bench, bench.dock.everything_box.slice_button)
    labels = bench.layer("labels").data
    assert box.chosen.policy is OverlapPolicy.KEEP_EXISTING
    assert len(np.unique(labels)) - 1 == 9  # eight, and the one that was there
    assert text(bench) == "Review: 0 of 8, least sure first"
    assert 1 not in scores(bench)
