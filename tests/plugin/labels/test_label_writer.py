"""LabelWriter: the journal first, then the Labels layer and the history; no window."""

import numpy as np
import pytest

from napari_sam.errors import LabelError
from napari_sam.labels.paint import OverlapPolicy
from napari_sam.labels.strokes.edit_by_stroke import edit_by_stroke
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.labels.lesson_in_use import LessonInUse
from napari_sam.plugin.labels.rating import Look
from napari_sam.plugin.labels.ratings import scores_of_layer
from napari_sam.plugin.labels.restore import restore_offer
from napari_sam.plugin.undo.remaining_work import RemainingWork
from napari_sam.plugin.worker.number_objects import number_objects
from tests.plugin.journals import crash, replayed
from tests.plugin.scene import Scene, mask_at

SQUARE = [[1, 1], [1, 1]]


@pytest.fixture
def scene(own_journals: None) -> Scene:
    scene = Scene()
    scene.prompts.ensure()
    scene.labels.ensure()
    return scene


def test_an_object_is_in_journal_layer_and_history(scene: Scene) -> None:
    label, area = scene.writer.accept([mask_at((1,), 3, 4, SQUARE), mask_at((2,), 3, 4, [[1]])])
    assert (label, area) == (1, 5)
    assert np.argwhere(scene.labels.plain()).tolist() == [
        [1, 3, 4],
        [1, 3, 5],
        [1, 4, 4],
        [1, 4, 5],
        [2, 3, 4],
    ]
    (entry,) = scene.keeping.journal.journal.accepted()
    assert (entry.label, len(entry.edits)) == (1, 2)
    assert scene.history.undo()
    assert not scene.labels.plain().any()
    assert scene.keeping.journal.journal.accepted() == []
    assert scene.history.redo()
    assert int(scene.labels.plain().sum()) == 5
    assert not scene.history.redo()


def test_a_policy_says_what_becomes_of_pixels_of_others(scene: Scene) -> None:
    scene.writer.accept([mask_at((0,), 3, 4, SQUARE)])
    overlapping = [mask_at((0,), 3, 5, SQUARE)]
    only = Acceptance(OverlapPolicy.ONLY_BACKGROUND)
    assert scene.writer.accept(overlapping, how=only) == (2, 0)
    assert scene.writer.accept(overlapping) == (2, 2)
    replace = Acceptance(OverlapPolicy.REPLACE, label=9)
    assert scene.writer.accept(overlapping, how=replace) == (9, 4)
    assert scene.labels.plain()[0, 3, 3:8].tolist() == [0, 1, 9, 9, 0]
    assert scene.labels.next_label() == 10


def test_several_objects_in_one_step_are_undone_together(scene: Scene) -> None:
    with scene.writer.one_step():
        scene.writer.accept([mask_at((0,), 0, 0, [[1]])])
        scene.writer.accept([mask_at((1,), 5, 5, [[1]])])
    assert sorted(np.unique(scene.labels.plain())) == [0, 1, 2]
    assert scene.history.undo()
    assert not scene.labels.plain().any()
    assert not scene.history.undo()


def test_all_objects_of_a_plane_get_labels_and_ratings_where_it_is_free(scene: Scene) -> None:
    scene.writer.accept([mask_at((1,), 0, 0, SQUARE)])
    objects = number_objects([mask_at((1,), 0, 0, SQUARE), mask_at((1,), 6, 6, SQUARE)])
    assert scene.writer.accept_all(objects) == 1
    assert int(scene.labels.plain()[1, 6, 6]) == 2
    assert set(scene.writer.ratings.of_label) == {2}
    assert scene.writer.ratings.of_label[2].boxes == {(1,): (6, 6, 8, 8)}
    scene.history.undo()
    assert scene.writer.ratings.of_label == {}
    assert int(scene.labels.plain()[1, 6, 6]) == 0


def test_napari_s_undo_of_found_objects_takes_their_scores_and_their_job_back(scene: Scene) -> None:
    scene.writer.accept([mask_at((1,), 0, 0, SQUARE)])
    stopped: list[bool] = []
    with scene.history.one_action():
        scene.writer.accept_all(number_objects([mask_at((1,), 6, 6, SQUARE)]))
        scene.history.add_labels(RemainingWork(lambda: stopped.append(True)))
    layer = scene.labels.layer
    layer.undo()
    assert np.unique(scene.labels.plain()).tolist() == [0, 1]
    assert (scene.writer.ratings.of_label, stopped) == ({}, [True])
    layer.redo()
    assert set(scene.writer.ratings.of_label) == {2}
    layer.undo()
    assert scene.history.undo()  # of the first object, and of that alone
    assert not scene.labels.plain().any()
    assert not scene.history.undo()
    assert scene.history.redo()
    assert scene.history.redo()
    assert np.unique(scene.labels.plain()).tolist() == [0, 1, 2]
    assert set(scene.writer.ratings.of_label) == {2}


def test_a_label_is_erased_in_one_step(scene: Scene) -> None:
    scene.writer.accept([mask_at((1,), 3, 4, SQUARE), mask_at((2,), 3, 4, SQUARE)])
    scene.writer.erase(1, {(1,): (3, 4, 5, 6), (2,): (0, 0, 10, 12)})
    assert not scene.labels.plain().any()
    scene.history.undo()
    assert int(scene.labels.plain().sum()) == 8


def test_there_is_no_daughter_without_time(scene: Scene) -> None:
    with pytest.raises(LabelError, match="no time axis"):
        scene.writer.accept_daughter([mask_at((1,), 3, 4, SQUARE)])


def test_a_stroke_of_napari_is_a_step(scene: Scene) -> None:
    layer = scene.labels.layer
    layer.data_setitem((np.array([0]), np.array([2]), np.array([2])), 5)
    assert scene.labels.next_label() == 6
    assert scene.history.undo()
    assert not scene.labels.plain().any()


def test_what_was_accepted_is_restored_from_the_journal(own_journals: None) -> None:
    first = Scene()
    first.labels.ensure()
    first.writer.accept([mask_at((1,), 3, 4, SQUARE)])
    assert not Scene().keeping.offered  # its layer is alive
    crash()
    second = Scene()
    second.labels.ensure()
    assert second.keeping.offered
    writer = second.writer
    lessons = LessonInUse(second.labels, second.keeping, second.history)
    parts = second.labels, second.keeping, writer.classes, writer.ratings, lessons
    with second.history.one_action():
        assert restore_offer(*parts, writer.one_step, second.history) == 1
    np.testing.assert_array_equal(second.labels.plain(), first.labels.plain())


def test_napari_keeps_few_bytes_for_each_pixel_of_an_object(scene: Scene) -> None:
    """Else its history would grow by megabytes with each object of a stack."""
    pixels = np.ones((8, 10), int).tolist()
    masks = [mask_at((z,), 1, 1, pixels) for z in range(3)]
    before = np.array(scene.labels.plain())
    label, area = scene.writer.accept(masks)
    layer = scene.labels.ensure()
    after = np.array(layer.data)
    assert (int((after == label).sum()), area) == (240, 240)
    (step,) = layer._undo_history
    arrays = [part for index, old, new in step for part in (*index, old, np.asarray(new))]
    assert sum(array.nbytes for array in arrays) <= 8 * area
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    layer.redo()
    np.testing.assert_array_equal(layer.data, after)


# --- strokes over labels ---------------------------------------------------------------------


def found_squares(scene: Scene) -> None:
    """Labels 1 and 2, found automatically beside each other on slice 1, of the class *glia*."""
    masks = [mask_at((1,), 2, x, np.ones((6, 3), bool)) for x in (1, 5)]
    scene.writer.accept_all(number_objects(masks))
    table = scene.writer.classes.table.add("glia").add("neuron")
    scene.writer.classes.change(table.assign({1: "glia", 2: "neuron"}))


def state(scene: Scene) -> tuple[list, dict, dict, dict]:
    writer, layer = scene.writer, scene.labels.layer
    return (
        scene.labels.plain().tolist(),
        dict(writer.classes.table.of_label),
        {label: rated.look for label, rated in writer.ratings.of_label.items()},
        scores_of_layer(layer.metadata),
    )


@pytest.mark.parametrize(
    ("points", "action", "labels", "classes", "looks"),
    [
        (
            [(5, 0), (5, 3)],
            "split",
            {1, 2, 3},
            {1: "glia", 2: "neuron", 3: "glia"},
            {1: Look.RESHAPED, 2: Look.WAITING},
        ),
        (
            [(5, 2), (5, 6)],
            "merge",
            {1},
            {1: "glia"},
            {1: Look.RESHAPED, 2: Look.DROPPED},
        ),
        (
            [(3, 1), (0, 1), (0, 3), (3, 3)],
            "add",
            {1, 2},
            {1: "glia", 2: "neuron"},
            {1: Look.CORRECTED, 2: Look.WAITING},
        ),
        (
            [(5, 0), (5, 4)],
            "cut",
            {1, 2},
            {1: "glia", 2: "neuron"},
            {1: Look.CORRECTED, 2: Look.WAITING},
        ),
    ],
)
def test_a_stroke_is_one_step_with_classes_scores_and_journal(
    scene: Scene,
    points: list[tuple[float, float]],
    action: str,
    labels: set[int],
    classes: dict[int, str],
    looks: dict[int, Look],
) -> None:
    found_squares(scene)
    before, steps = state(scene), len(scene.history.done)
    change = edit_by_stroke(scene.labels.plain(), points, (1,), action)
    expected = scene.labels.plain().copy()
    change.apply(expected)
    scene.writer.reshape(change)
    np.testing.assert_array_equal(scene.labels.plain(), expected)
    after = state(scene)
    assert set(np.unique(expected)) == labels | {0}
    assert after[1:3] == (classes, looks)
    scored = {label for label, look in looks.items() if look in (Look.WAITING, Look.CORRECTED)}
    assert after[3].keys() == scored
    np.testing.assert_array_equal(replayed(scene.labels.layer), expected)
    assert len(scene.history.done) == steps + 1

    assert scene.history.undo()
    assert state(scene) == before
    np.testing.assert_array_equal(replayed(scene.labels.layer), scene.labels.plain())
    assert scene.history.redo()
    assert state(scene) == after


def test_what_strokes_made_comes_back_after_a_crash(own_journals: None) -> None:
    lost = Scene()
    found_squares(lost)
    for points, action in (([(5, 0), (5, 3)], "split"), ([(5, 6), (5, 2), (3, 2)], "merge")):
        lost.writer.reshape(edit_by_stroke(lost.labels.plain(), points, (1,), action))
    lost.writer.reshape(edit_by_stroke(lost.labels.plain(), [(3, 0), (3, 9)], (1,), "cut"))
    lost.history.undo()
    expected, classes, looks, scores = state(lost)
    crash()

    scene = Scene()
    scene.labels.ensure()
    parts = scene.labels, scene.keeping, scene.writer.classes, scene.writer.ratings
    lessons = LessonInUse(scene.labels, scene.keeping, scene.history)
    restore_offer(*parts, lessons, scene.writer.one_step, scene.history)
    assert state(scene) == (expected, classes, looks, scores)
