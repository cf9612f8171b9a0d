"""The dock learns from accepted objects: lessons, undo, journal, and the model that answers."""

import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QInputDialog, QLineEdit

from napari_sam import Session
from napari_sam.learning import learn as learning
from napari_sam.learning.teach import Course
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.plugin.labels.rating import Look
from napari_sam.plugin.settings import Settings
from napari_sam.plugin.worker.events import Answer, Question, Scored
from napari_sam.plugin.worker.jobs import Job
from napari_sam.prompts.prompt import PointPrompt
from napari_sam.weights.load import load_model, weights_hash
from tests.plugin.bench import Bench, Open, opening
from tests.plugin.journals import crash
from tests.plugin.sure_model import discs, sure_model
from tests.tiny import tiny_sam

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def disc(row: int, column: int) -> Mask:
    """A disc as a user would accept it."""
    y, x = np.mgrid[:13, :13]
    y0, x0 = 24 * row + 6, 24 * column + 6
    return Mask((), (y0, x0, y0 + 13, x0 + 13), (y - 6) ** 2 + (x - 6) ** 2 < 36, 0.9, 3.0)


@pytest.fixture(scope="module")
def model() -> Sam:
    """A random model that finds objects everywhere."""
    return sure_model()


@pytest.fixture
def short_lessons(model: Sam, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lessons of two steps; the judged objects fit as well as a test says, by default better."""
    bases, after = {weights_hash(model), weights_hash(load_model("cells-tiny"))}, [0.7]

    def judge(judged: Sam, lesson: Any, step: Any) -> Generator[Any, None, float]:
        assert lesson.objects >= 1
        yield step
        return 0.5 if weights_hash(judged) in bases else after[0]

    monkeypatch.setattr(learning, "judge", judge)
    monkeypatch.setattr(learning, "QUICK", Course(2, 1e-3, quick=True))
    monkeypatch.setattr(learning, "FULL", Course(2, 1e-3, quick=False))

    def set_score(value: float) -> None:
        after[0] = value

    return set_score


@pytest.fixture
def open_learning(
    make_napari_viewer_proxy: Any, qtbot: Any, own_journals: None, model: Sam
) -> Iterator[Open]:
    with opening(make_napari_viewer_proxy, model, qtbot) as opened:
        yield opened


def accept(bench: Bench, count: int, first: int = 0) -> None:
    """Accept discs in reading order."""
    work = bench.controller.workspace
    for number in range(first, first + count):
        work.writer.accept([disc(number // 4, number % 4)], bench.controller.engine.origin)
    rest(bench)


def rest(bench: Bench) -> None:
    """Until the teacher has looked at the labels, and all it began is done."""
    QApplication.processEvents()
    teacher = bench.controller.teacher
    bench.wait(lambda: not teacher._rested._timer.isActive() and teacher._under_way is None)
    bench.idle()


def press(button: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def learn(bench: Bench) -> None:
    box = bench.dock.learn_box
    box.set_open()
    bench.wait(box.learn_button.isEnabled)
    press(box.learn_button)
    rest(bench)


def line(bench: Bench) -> str:
    return str(bench.dock.learn_box.line.text())


def lesson(bench: Bench) -> Any:
    return bench.controller.workspace.lessons.now


def answer(bench: Bench) -> np.ndarray:
    """Logits of the model that answers clicks now; no step of the history."""
    answers: list[Answer] = []
    question = Question((PointPrompt((60, 60)),), ())
    desk = bench.controller.desk
    steps = desk.engine.predict(desk.settings, desk.workspace.source, {(): {1: question}})

    def receive(event: Any) -> None:
        if isinstance(event, Answer):
            answers.append(event)

    bench.controller.runner.submit(Job(steps, receive))
    bench.idle()
    (only,) = answers
    assert only.mask.low_res_logits is not None
    return only.mask.low_res_logits


def entries(bench: Bench) -> list[dict[str, Any]]:
    path = Path(bench.layer("labels").metadata["napari-sam-journal"])
    return [json.loads(text) for text in path.read_text().splitlines()[1:]]


# --- lessons by the button -------------------------------------------------------------------


def test_the_button_says_how_many_objects_are_missing(open_learning: Open) -> None:
    bench = open_learning(discs())
    button = bench.dock.learn_box.learn_button
    assert not button.isEnabled()
    assert button.toolTip() == "Accept 3 more objects first"
    assert line(bench) == "Accept 3 more objects first."
    accept(bench, 2)
    assert not button.isEnabled()
    assert button.toolTip() == "Accept 1 more object first"
    assert line(bench) == "Accept 1 more object first."
    accept(bench, 1, first=2)
    assert button.isEnabled()
    assert line(bench) == ""
    bench.press(Qt.Key.Key_U)
    rest(bench)
    assert not button.isEnabled()


def test_a_model_that_cannot_learn_says_so(
    make_napari_viewer_proxy: Any, qtbot: Any, own_journals: None
) -> None:
    model = tiny_sam(proposals=False, proposal_boxes=False).eval()
    with opening(make_napari_viewer_proxy, model, qtbot) as opened:
        bench = opened(discs())
        accept(bench, 3)
        button = bench.dock.learn_box.learn_button
        assert not button.isEnabled()
        assert button.toolTip() == "tiny-random cannot learn here: choose cells-tiny"


def test_a_lesson_answers_the_next_click_and_undo_takes_it_back(
    open_learning: Open, short_lessons: Callable[[float], None], model: Sam
) -> None:
    bench = open_learning(discs(), show=True, contrast_limits=(0, 255))
    accept(bench, 4)
    before = answer(bench)
    learn(bench)
    assert lesson(bench).objects == 4
    assert not lesson(bench).quick
    assert line(bench) == (
        "Learned from 4 objects (just now): objects held back to check it fit 70% instead of 50%."
    )
    learned = answer(bench)
    assert (learned != before).any()
    assert bench.controller.engine.origin.weights == (
        f"{weights_hash(model)}+{lesson(bench).delta}"
    )
    press(bench.dock.learn_box.undo_button)
    assert bench.dock.status.text().startswith("Undo: the lesson.")
    assert lesson(bench) is None
    assert line(bench) == ""
    np.testing.assert_array_equal(answer(bench), before)
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL | SHIFT)
    bench.idle()
    assert lesson(bench).objects == 4
    np.testing.assert_array_equal(answer(bench), learned)
    press(bench.dock.learn_box.forget_button)
    assert line(bench) == "Forgotten: the model answers as it was. Labels stay as they are."
    np.testing.assert_array_equal(answer(bench), before)
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    bench.idle()
    np.testing.assert_array_equal(answer(bench), learned)


def test_a_lesson_that_makes_nothing_better_is_no_step(
    open_learning: Open, short_lessons: Callable[[float], None]
) -> None:
    short_lessons(0.5)
    bench = open_learning(discs())
    accept(bench, 3)
    words = bench.controller.workspace.history.next_undo
    learn(bench)
    nothing = (
        "Nothing learned from 3 objects: those held back to check it fit no better. The model "
        "stays as it was."
    )
    assert line(bench) == nothing
    assert nothing in bench.dock.status.text()
    assert lesson(bench) is None
    assert bench.controller.workspace.history.next_undo == words


def test_objects_too_small_to_learn_from_are_one_calm_line(open_learning: Open) -> None:
    bench = open_learning(discs())
    for column in range(3):
        speck = Mask((), (5, 9 * column, 7, 9 * column + 2), np.ones((2, 2), bool), 0.9, 3.0)
        bench.controller.workspace.writer.accept([speck])
    rest(bench)
    learn(bench)
    assert line(bench).startswith("0 accepted objects are too few to learn from: accept at least 3")
    assert lesson(bench) is None


def test_a_loss_that_is_no_number_drops_the_lesson(
    make_napari_viewer_proxy: Any, qtbot: Any, own_journals: None
) -> None:
    model = tiny_sam().eval()
    with torch.no_grad():
        model.mask_decoder.iou_token.weight.fill_(float("nan"))
    with opening(make_napari_viewer_proxy, model, qtbot) as opened:
        bench = opened(discs())
        accept(bench, 3)
        learn(bench)
        assert line(bench) == "The lesson had no finite loss: nothing was learned from it."
        assert lesson(bench) is None


def test_an_example_too_small_to_learn_from_is_a_calm_line_and_no_error(
    open_learning: Open,
) -> None:
    bench = open_learning(discs(), show=True)
    speck = Mask((), (5, 9, 7, 11), np.ones((2, 2), bool), 0.9, 3.0)
    bench.controller.workspace.writer.accept([speck])
    rest(bench)
    shown = len(notification_manager.records)
    bench.dock.everything_box.set_open()
    QApplication.processEvents()  # the fold is laid out
    press(bench.dock.everything_box.alike.find_button)
    bench.idle()
    assert "of 16 pixels or more" in bench.dock.status.text()
    assert len(notification_manager.records) == shown


# --- objects that nobody has looked at -------------------------------------------------------


def find_all(bench: Bench) -> None:
    bench.dock.everything_box.set_open()
    press(bench.dock.everything_box.slice_button)
    bench.idle()


def test_objects_to_review_are_found_again_and_undo_brings_the_old_ones_back(
    open_cells_tiny: Open, short_lessons: Callable[[float], None]
) -> None:
    bench = open_cells_tiny(discs(), show=True, contrast_limits=(0, 255))
    accept(bench, 3)
    find_all(bench)
    work, labels = bench.controller.workspace, bench.layer("labels").data
    waiting = sorted(work.ratings.waiting)
    assert len(waiting) > 3
    work.ratings.look_at(waiting[:1])
    before, rated = labels.copy(), work.ratings.of_label
    learn(bench)
    assert (labels != before).any()
    untouched = np.isin(before, [1, 2, 3, waiting[0]])
    assert (labels[untouched] == before[untouched]).all()
    new = set(np.unique(labels).tolist()) - set(np.unique(before).tolist())
    ratings = work.ratings.of_label
    assert all(ratings[label].look is Look.WAITING for label in new)
    assert ratings.keys() - rated.keys() == new
    assert (f"finds {len(new)} more" if new else "finds no more") in line(bench)
    after = labels.copy()
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    rest(bench)
    assert lesson(bench) is None
    np.testing.assert_array_equal(labels, before)
    assert work.ratings.of_label == rated
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL | SHIFT)
    rest(bench)
    np.testing.assert_array_equal(labels, after)
    assert work.ratings.of_label == ratings
    assert {e["weights"][-32:] for e in entries(bench) if e["kind"] == "accepted"} >= {
        lesson(bench).delta
    }


# --- by itself -------------------------------------------------------------------------------


def test_it_learns_by_itself_at_six_objects(
    open_learning: Open, short_lessons: Callable[[float], None], model: Sam
) -> None:
    settings = Settings(model=model, cache_dir=False, prefetch=False, learn=True)
    bench = open_learning(discs(), settings=settings)
    assert bench.dock.learn_box.by_itself.isChecked()
    accept(bench, 5)
    assert lesson(bench) is None
    accept(bench, 1, first=5)
    assert lesson(bench).objects == 6
    assert line(bench) in bench.dock.status.text()
    accept(bench, 5, first=6)
    assert lesson(bench).objects == 6
    bench.dock.learn_box.by_itself.click()
    accept(bench, 1, first=11)
    assert lesson(bench).objects == 6
    bench.dock.learn_box.by_itself.click()
    rest(bench)
    assert lesson(bench).objects == 12


def test_dropped_objects_are_new_evidence(
    open_cells_tiny: Open, short_lessons: Callable[[float], None]
) -> None:
    settings = Settings(cache_dir=False, prefetch=False, learn=True)
    bench = open_cells_tiny(discs(), show=True, settings=settings)
    accept(bench, 3)
    find_all(bench)
    for dropped in range(4):  # the first only shows an object
        assert lesson(bench) is None, dropped
        QTest.keyClick(bench.native, Qt.Key.Key_D, SHIFT)
        rest(bench)
    assert lesson(bench).objects == 3
    assert len(bench.controller.workspace.searches.refused) == 3


# --- the gate, afterwards --------------------------------------------------------------------


def test_accepted_objects_judge_and_a_losing_lesson_is_taken_off(
    open_learning: Open, short_lessons: Callable[[float], None]
) -> None:
    bench = open_learning(discs(), contrast_limits=(0, 255))
    accept(bench, 4)
    learn(bench)
    teacher, before = bench.controller.teacher, answer(bench)
    scores: list[Scored] = teacher._scores
    accept(bench, 2, first=4)
    assert len(scores) == 2
    session, image = bench.controller.engine._session, bench.viewer.layers["cells"]
    for number, scored in zip((4, 5), scores, strict=True):
        for model, expected in ((bench.model, scored.before), (session.model, scored.after)):
            by = Session.open(image.data, model=model, contrast=(0, 255), cache_dir=False)
            assert mean_iou(by, disc(number // 4, number % 4)) == pytest.approx(expected, abs=1e-5)
    scores[:] = [Scored(0.9, 0.1)] * 4
    accept(bench, 1, first=6)
    assert lesson(bench) is None
    assert line(bench).startswith("The lesson is taken off: the model as it was fits the last 5")
    assert (answer(bench) != before).any()
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    assert lesson(bench).objects == 4


def mean_iou(session: Session, true: Mask) -> float:
    y0, x0, y1, x1 = true.bbox
    masks = [
        session.predict(points=[(y0 + 6, x0 + 6)]),
        session.predict(boxes=[((y0 + 1, x0 + 1), (y1 - 2, x1 - 2))]),
    ]
    ious = []
    for mask in masks:
        pair = [np.zeros((96, 96), bool), np.zeros((96, 96), bool)]
        for drawn, each in zip(pair, (mask, true), strict=True):
            top, left, bottom, right = each.bbox
            drawn[top:bottom, left:right] = each.pixels
        ious.append((pair[0] & pair[1]).sum() / (pair[0] | pair[1]).sum())
    return float(np.mean(ious))


# --- while a lesson runs ---------------------------------------------------------------------


@pytest.fixture
def endless_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "QUICK", Course(100_000, 1e-4, quick=True))


def begin(bench: Bench) -> None:
    accept(bench, 3)
    press(bench.dock.learn_box.learn_button)
    bench.wait(lambda: "Learning from 3 objects" in line(bench))


@pytest.mark.usefixtures("endless_lesson")
def test_a_click_during_a_lesson_is_answered(open_learning: Open) -> None:
    bench = open_learning(discs(), show=True, contrast_limits=(0, 255))
    begin(bench)
    bench.click((60, 60))
    bench.wait(lambda: bench.controller.object.masks)
    assert bench.controller.runner.busy
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(60, 60)]))
    box = bench.dock.learn_box
    assert box.learn_button.text() == "Stop learning"
    press(box.learn_button)
    bench.wait(lambda: not bench.controller.runner.busy)
    assert line(bench) == "Learning was stopped: the model stays as it is."
    assert lesson(bench) is None


@pytest.mark.usefixtures("endless_lesson")
def test_another_image_or_model_ends_the_lesson(open_learning: Open) -> None:
    bench = open_learning(discs())
    begin(bench)
    bench.viewer.add_image(discs()[::-1], name="others")
    bench.wait(lambda: bench.controller.workspace.image.name == "others")
    bench.wait(lambda: not bench.controller.runner.busy)
    assert bench.dock.learn_box.learn_button.toolTip() == "Accept 3 more objects first"
    assert lesson(bench) is None


@pytest.mark.usefixtures("endless_lesson")
def test_the_dock_is_closed_during_a_lesson(open_learning: Open) -> None:
    bench = open_learning(discs())
    begin(bench)
    labels, runner = bench.layer("labels"), bench.controller.runner
    before = labels.data.copy()
    bench.viewer.window.remove_dock_widget(bench.dock)
    bench.wait(lambda: not runner.busy)
    np.testing.assert_array_equal(labels.data, before)
    folder = Path(labels.metadata["napari-sam-journal"]).parent
    assert not list(folder.glob("*.safetensors"))


def test_undo_during_the_longer_lesson_takes_back_the_short_one_and_ends_it(
    open_learning: Open,
    short_lessons: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learning, "FULL", Course(100_000, 1e-4, quick=False))
    bench = open_learning(discs(), show=True, contrast_limits=(0, 255))
    before = answer(bench)
    accept(bench, 3)
    press(bench.dock.learn_box.learn_button)
    bench.wait(lambda: "Learning more from 3 objects" in line(bench))
    assert lesson(bench).quick
    assert "Learned from 3 objects" in line(bench)
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    bench.wait(lambda: not bench.controller.runner.busy)
    assert lesson(bench) is None
    assert line(bench) == ""
    np.testing.assert_array_equal(answer(bench), before)


@pytest.mark.parametrize("phase", ["Learning from 3 objects", "Learning more from 3 objects"])
def test_deleted_labels_end_the_lesson_and_what_was_learned(
    open_learning: Open,
    short_lessons: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    phase: str,
) -> None:
    endless = Course(100_000, 1e-4, quick="more" not in phase)
    monkeypatch.setattr(learning, "QUICK" if endless.quick else "FULL", endless)
    bench = open_learning(discs(), contrast_limits=(0, 255))
    before = answer(bench)
    accept(bench, 3)
    press(bench.dock.learn_box.learn_button)
    bench.wait(lambda: phase in line(bench))
    bench.viewer.layers.remove("SAM labels")
    bench.wait(lambda: not bench.controller.runner.busy)
    assert "SAM labels" not in bench.names()
    assert not bench.dock.learn_box.learn_button.isEnabled()
    np.testing.assert_array_equal(answer(bench), before)


def test_nothing_is_learned_by_itself_while_the_user_goes_back(
    open_learning: Open, short_lessons: Callable[[float], None], model: Sam
) -> None:
    settings = Settings(model=model, cache_dir=False, prefetch=False, learn=True)
    bench = open_learning(discs(), show=True, settings=settings)
    accept(bench, 5)
    accept(bench, 1, first=5)
    learned, labels = lesson(bench), bench.layer("labels").data.copy()
    assert learned.objects == 6
    for _ in range(4):  # the lesson, and three of six objects: fewer than it was learned from
        QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
        rest(bench)
    assert lesson(bench) is None
    for _ in range(4):
        QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL | SHIFT)
        rest(bench)
    assert lesson(bench) == learned
    np.testing.assert_array_equal(bench.layer("labels").data, labels)


def test_undo_ends_a_lesson_that_nobody_asked_for_and_redo_still_works(
    open_learning: Open, model: Sam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "QUICK", Course(100_000, 1e-4, quick=True))
    settings = Settings(model=model, cache_dir=False, prefetch=False, learn=True)
    bench = open_learning(discs(), show=True, settings=settings)
    accept(bench, 5)
    work = bench.controller.workspace
    work.writer.accept([disc(1, 1)], bench.controller.engine.origin)
    bench.dock.learn_box.set_open()
    bench.wait(lambda: "Learning from 6 objects" in line(bench))
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    bench.wait(lambda: not bench.controller.runner.busy)
    assert work.history.next_redo
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL | SHIFT)
    assert set(np.unique(bench.layer("labels").data)) == set(range(7))


def test_a_folder_that_takes_no_file_is_said_and_nothing_changes(
    open_learning: Open, short_lessons: Callable[[float], None]
) -> None:
    bench = open_learning(discs(), contrast_limits=(0, 255))
    before = answer(bench)
    accept(bench, 3)
    folder = bench.controller.workspace.lessons.folder
    folder.rename(folder.with_name("away"))
    folder.write_text("a file of this name")
    learn(bench)
    assert "cannot be made" in line(bench)
    assert lesson(bench) is None
    np.testing.assert_array_equal(answer(bench), before)


# --- other images, other days ----------------------------------------------------------------


def test_a_lesson_belongs_to_its_image_and_comes_back_with_it(
    open_learning: Open, short_lessons: Callable[[float], None]
) -> None:
    bench = open_learning(discs(), contrast_limits=(0, 255))
    before = answer(bench)
    accept(bench, 3)
    learn(bench)
    learned = answer(bench)
    bench.viewer.add_image(discs(), name="others", contrast_limits=(0, 255))
    bench.wait(lambda: bench.controller.workspace.image.name == "others")
    assert line(bench) == "Accept 3 more objects first."
    np.testing.assert_array_equal(answer(bench), before)
    bench.viewer.layers["others"].visible = False
    bench.wait(lambda: bench.controller.workspace.image.name == "cells")
    assert line(bench).startswith("Learned from 3 objects")
    np.testing.assert_array_equal(answer(bench), learned)


def test_restored_labels_bring_what_was_learned_and_undo_takes_it(
    open_learning: Open, short_lessons: Callable[[float], None]
) -> None:
    bench = open_learning(discs(), contrast_limits=(0, 255))
    accept(bench, 3)
    learn(bench)
    learned, delta = answer(bench), lesson(bench).delta
    assert [e["lesson"]["delta"] for e in entries(bench) if e["kind"] == "learned"][-1] == delta
    crash()
    bench = open_learning(discs(), contrast_limits=(0, 255))
    before = answer(bench)
    assert (before != learned).any()
    bench.dock.restore_box.restore_button.click()
    bench.idle()
    assert lesson(bench).delta == delta
    np.testing.assert_array_equal(answer(bench), learned)
    assert entries(bench)[-1]["kind"] in ("learned", "rated", "accepted")
    assert [e["lesson"]["delta"] for e in entries(bench) if e["kind"] == "learned"] == [delta]
    bench.undo()
    bench.idle()
    assert lesson(bench) is None
    np.testing.assert_array_equal(answer(bench), before)


def test_a_lesson_whose_file_is_gone_is_said_once(
    open_learning: Open, short_lessons: Callable[[float], None]
) -> None:
    bench = open_learning(discs(), contrast_limits=(0, 255))
    before = answer(bench)
    accept(bench, 3)
    learn(bench)
    bench.controller.workspace.undo()
    np.testing.assert_array_equal(answer(bench), before)
    files = list(bench.controller.workspace.lessons.folder.glob("*.safetensors"))
    assert len(files) == 2  # the quick and the full lesson
    for file in files:
        file.unlink()
    bench.controller.workspace.redo()
    bench.add(60, 60)
    bench.idle()
    assert "cannot be read" in bench.dock.status.text()
    assert line(bench).endswith("Its file cannot be used: the model answers as it was.")
    np.testing.assert_array_equal(answer(bench), before)


# --- models ----------------------------------------------------------------------------------


def test_what_was_learned_is_saved_as_a_model(
    open_learning: Open,
    short_lessons: Callable[[float], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAPARI_SAM_MODELS", str(tmp_path / "models"))
    bench = open_learning(discs(), contrast_limits=(0, 255))
    assert not bench.dock.learn_box.save_button.isEnabled()
    accept(bench, 3)
    learn(bench)

    def type_name() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        edit = dialog.findChild(QLineEdit)
        assert edit is not None
        QTest.keyClicks(edit, "my-discs")
        dialog.accept()

    from qtpy.QtCore import QTimer

    QTimer.singleShot(200, type_name)
    press(bench.dock.learn_box.save_button)
    bench.idle()
    assert bench.dock.status.text().startswith("Saved as my-discs: it is in the list of models")
    combo = bench.dock.model_row.models
    assert any("my-discs" in combo.itemText(row) for row in range(combo.count()))
    shown = answer(bench)
    session = Session.open(
        discs(), model=load_model("my-discs"), contrast=(0, 255), cache_dir=False
    )
    logits = session.predict(points=[(60, 60)]).low_res_logits
    np.testing.assert_allclose(logits, shown, atol=1e-3)
