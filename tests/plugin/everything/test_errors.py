"""The line on wrong objects in the review: random looks, the user's decisions, undo."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy import ndimage

from napari_sam.evaluate.estimate import estimate_wrong
from napari_sam.plugin.everything.error_line import error_line
from napari_sam.plugin.labels.rating import Look, Rating
from napari_sam.plugin.worker.events import Found, PlaneObjects
from tests.plugin.bench import Bench, Open
from tests.plugin.everything.test_review import CTRL, discs, press, shift
from tests.plugin.journals import crash
from tests.plugin.scene import Scene

ALWAYS = {"wrong": Look.DROPPED, "right": Look.KEPT, "": Look.WAITING}


@pytest.fixture
def scene(own_journals: None) -> Scene:
    scene = Scene()
    scene.labels.ensure()
    return scene


def rated(verdicts: list[str], random: bool = False) -> dict[int, Rating]:
    """Ratings of objects 1, 2, 3, ..., looked at in this order where there is a verdict."""
    box = {(): (0, 0, 5, 5)}
    return {
        n: Rating(0.5, (), box, ALWAYS[word], turn=n if word else 0, random=random)
        for n, word in enumerate(verdicts, 1)
    }


def errors(bench: Bench) -> str:
    label = bench.dock.everything_box.review_box.errors
    return str(label.text()) if label.isVisible() else ""


# --- without a window ------------------------------------------------------------------------


def test_the_line_counts_the_looks_that_are_missing_for_an_estimate() -> None:
    assert error_line({}) == ""
    assert error_line(rated([""] * 20)) == ""  # all are looked at before there is an estimate
    assert error_line(rated([""] * 21)) == "20 more looks for an estimate of errors"
    nearly = rated(["right"] * 19 + [""] * 30)
    assert error_line(nearly) == "1 more look for an estimate of errors"
    assert "errors" not in error_line(rated(["right"] * 20 + [""] * 30))


def test_the_line_is_exact_when_all_are_looked_at() -> None:
    ratings = rated(["wrong", "right", "right"] * 10)
    assert error_line(ratings) == "10 of 30 are wrong"


def test_looks_of_an_older_journal_are_no_random_draws() -> None:
    record = {"score": 0.5, "plane": [], "boxes": [[0, 0, 5, 5]], "look": "KEPT"}
    waiting = record | {"look": "WAITING"}
    ratings = {n: Rating.from_json(record if n < 30 else waiting) for n in range(100)}
    assert ratings[0] == Rating(0.5, (), {(): (0, 0, 5, 5)}, Look.KEPT)
    found = re.match(r"About \d+ of 100 are wrong \((\d+) to (\d+)\)", error_line(ratings))
    assert found is not None
    assert (int(found[1]), int(found[2])) == (0, 70)  # nothing is known of the other 70


def test_turn_and_draw_go_to_json_and_back() -> None:
    boxes = {(3,): (1, 2, 5, 6)}
    rating = Rating(0.5, (3,), boxes, Look.CORRECTED, turn=7, random=True, since=2, redrawn=5)
    assert Rating.from_json(rating.to_json()) == rating


def line_of(ratings: dict[int, Rating]) -> tuple[int, int, int]:
    """Number of wrong objects in the line, and the ends of its range."""
    found = re.match(r"About (\d+) of \d+ are wrong \((\d+) to (\d+)\)", error_line(ratings))
    assert found is not None
    wrong, low, high = map(int, found.groups())
    return wrong, low, high


def test_objects_of_a_later_search_are_unknown() -> None:
    ratings = rated(["right"] * 40 + [""] * 60, random=True)
    assert line_of(ratings)[2] < 20
    later = {n + 100: replace(ratings[100], since=40) for n in range(100)}
    assert 95 < line_of(ratings | later)[2] < 120


def test_after_a_lesson_there_may_be_fewer_wrong_objects_and_not_more() -> None:
    ratings = rated(["right", "wrong"] * 20 + [""] * 60, random=True)
    before = line_of(ratings)
    assert 30 < before[1] < before[0] < before[2] < 75
    redrawn = {n: replace(r, redrawn=40) for n, r in ratings.items() if r.look is Look.WAITING}
    after = line_of(ratings | redrawn)
    assert after == (before[0], 20, before[2])  # those that were dropped, and maybe no other


def test_a_search_and_a_lesson_note_the_looks_before(scene: Scene) -> None:
    ratings = scene.writer.ratings
    box = {(0,): (1, 2, 5, 6)}
    ratings.add({n: Rating(n / 10, (0,), box) for n in (1, 2, 3)})
    ratings.look_at([1])
    ratings.note_drawn(2)
    ratings.add({4: Rating(0.5, (0,), box)})
    ratings.redraw({2: Rating(0.9, (0,), box), 3: None, 5: Rating(0.5, (0,), box)})
    rated_now = ratings.of_label
    assert {k: (r.since, r.redrawn, r.random) for k, r in rated_now.items()} == {
        1: (0, 0, False),
        2: (0, 1, True),
        4: (1, 0, False),
        5: (1, 0, False),
    }
    assert scene.history.undo()
    assert ratings.of_label[2] == Rating(0.2, (0,), box, random=True)


# --- in the dock -----------------------------------------------------------------------------


def judge(bench: Bench, drop: bool) -> int:
    """Keep or drop the shown object; returns its label."""
    label = int(bench.controller.review._current)
    shift(bench, "D" if drop else "F")
    return label


@pytest.fixture
def many(open_cells_tiny: Open) -> Bench:
    """A dock with 36 found objects."""
    data = discs(186, 186)
    bench = open_cells_tiny(data, show=True, contrast_limits=(0, 255))
    bench.dock.everything_box.set_open()
    numbers, count = ndimage.label(ndimage.gaussian_filter(data.astype(float), 1) > 50)
    boxes = enumerate(ndimage.find_objects(numbers), 1)
    found = {n: Found(n * 17 % 37 / 37, (y.start, x.start, y.stop, x.stop)) for n, (y, x) in boxes}
    whole = PlaneObjects((), (0, 0, *data.shape), numbers.astype(np.uint32), found=found)
    work = bench.controller.workspace
    with work.history.one_action():
        assert work.writer.accept_all(whole) == count == 36
    bench.idle()
    return bench


def test_each_third_look_is_random_and_then_the_dock_says_how_many_are_wrong(many: Bench) -> None:
    ratings = many.controller.workspace.ratings
    before: dict[int, Any] = ratings.of_label
    order = sorted(before, key=lambda label: (before[label].score, label))
    assert errors(many) == "20 more looks for an estimate of errors"
    shift(many, "S")
    looks: list[int] = []
    for turn in range(20):
        is_random = turn % 3 == 1
        assert ("a random one for the estimate" in many.dock.status.text()) is is_random
        if not is_random:
            assert many.controller.review._current == next(k for k in order if k not in looks)
        looks.append(judge(many, drop=turn % 4 == 0))
    assert len(set(looks)) == 20
    assert looks[1::3] != order[1:20:3]
    labels = sorted(before)
    expected = estimate_wrong(
        [before[k].score for k in labels],
        [looks.index(k) + 1 if k in looks else 0 for k in labels],
        [k in looks[::4] for k in labels],
        [k in looks[1::3] for k in labels],
    )
    assert expected.low >= 5
    more = f"; {expected.looks_to_halve} more looks halve this range"
    assert errors(many) == str(expected).capitalize() + more
    for _ in range(16):
        judge(many, drop=False)
    assert "All 36 objects are looked at: 5 were dropped" in many.dock.status.text()


def test_a_random_object_that_is_passed_over_comes_again(many: Bench) -> None:
    shift(many, "S")
    judge(many, drop=False)
    drawn = many.controller.review._current
    shift(many, "S")
    passed_over = many.controller.review._current
    assert passed_over != drawn
    assert "random" not in many.dock.status.text()
    for _ in range(3):  # the random one does not come back before the next random turn
        judge(many, drop=False)
    assert many.controller.review._current == drawn
    assert "a random one" in many.dock.status.text()


def test_a_correction_by_clicks_is_an_error_until_it_is_undone(many: Bench) -> None:
    work, layer = many.controller.workspace, many.layer("labels")
    label = int(layer.data[78, 108])  # near the middle
    before = np.asarray(layer.data == label)
    many.viewer.layers.selection.active = many.layer("points")
    rows, columns = np.nonzero(before)
    QTest.mouseClick(many.dock.correct_row.pick_up_button, Qt.MouseButton.LeftButton)
    many.click((rows.mean(), columns.mean()))
    many.idle()
    many.add(float(rows.min() - 4), float(columns.mean()))
    many.idle()
    many.press(Qt.Key.Key_Return)
    many.idle()
    assert (np.asarray(layer.data == label) != before).any()
    assert work.ratings.of_label[label].look is Look.CORRECTED
    assert errors(many) == "19 more looks for an estimate of errors"
    press(many, Qt.Key.Key_Z, CTRL)
    assert (np.asarray(layer.data == label) == before).all()
    assert work.ratings.of_label[label].look is Look.WAITING
    assert errors(many) == "20 more looks for an estimate of errors"
    press(many, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert work.ratings.of_label[label].look is Look.CORRECTED


def test_the_estimate_goes_with_undo_and_comes_back_with_the_labels(
    open_cells_tiny: Open, many: Bench
) -> None:
    shift(many, "S")
    for turn in range(19):
        judge(many, drop=turn % 5 == 1)
    assert errors(many) == "1 more look for an estimate of errors"
    QTest.mouseClick(many.dock.everything_box.review_box.drop_button, Qt.MouseButton.LeftButton)
    line = errors(many)
    assert line.startswith("About ")
    press(many, Qt.Key.Key_Z, CTRL)
    assert errors(many) == "1 more look for an estimate of errors"
    press(many, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert errors(many) == line
    many.controller.close()  # or it goes on to count the objects to learn from
    crash()
    again = open_cells_tiny(discs(186, 186), show=True, contrast_limits=(0, 255))
    again.dock.restore_box.restore_button.click()
    again.dock.everything_box.set_open()
    assert errors(again) == line
