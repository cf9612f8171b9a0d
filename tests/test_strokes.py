"""Strokes over the labels of a session: one step to undo, by the line or by the model."""

import numpy as np
import pytest

from napari_sam import PointPrompt, Session
from napari_sam.errors import LabelError
from napari_sam.model.sam import Sam
from napari_sam.strokes import predict_parts, stroke


@pytest.fixture
def session(tiny_model: Sam) -> Session:
    """A stack of three planes with labels 1 and 2 on all of them."""
    image = np.random.default_rng(0).integers(0, 255, (3, 64, 64), dtype=np.uint8)
    session = Session.open(image, model=tiny_model, axes="ZYX", cache_dir=False)
    labels = np.zeros((3, 64, 64), np.uint32)
    labels[:, 10:30, 10:40] = 1
    labels[:, 40:50, 10:40] = 2
    session.labels = labels
    session.book.scores.update({1: 0.9, 2: 0.8})
    return session


def test_a_stroke_is_one_step_and_the_next_label_is_free(session: Session) -> None:
    before = session.labels.copy()
    change = stroke(session, [(5, 20), (35, 20)], plane=(1,), axis="z")
    assert change.areas == {1: 3 * 20 * 20, 3: 3 * 20 * 10}
    expected = before.copy()
    expected[:, 10:30, 10:20] = 3
    np.testing.assert_array_equal(session.labels, expected)
    assert dict(session.book.scores) == {2: 0.8}
    assert session.book.next_label == 4
    assert len(session.undo()) == 3
    np.testing.assert_array_equal(session.labels, before)
    session.redo()
    np.testing.assert_array_equal(session.labels, expected)


def test_without_commit_nothing_changes(session: Session) -> None:
    before = session.labels.copy()
    change = stroke(session, [(20, 20), (45, 20)], plane=(0,), commit=False)
    assert (change.label, change.merged) == (1, (2,))
    np.testing.assert_array_equal(session.labels, before)
    assert session.undo() == ()


def test_the_model_is_asked_with_a_click_in_each_part(session: Session) -> None:
    masks = predict_parts(session, (1,), {1: (20, 14), 2: (20, 30)})
    alone = {part: [PointPrompt((1, *point))] for part, point in {1: (20, 14), 2: (20, 30)}.items()}
    for part, mask in session.predict_objects(alone).items():
        assert mask.bbox == masks[part].bbox
        np.testing.assert_array_equal(mask.pixels, masks[part].pixels)
    change = stroke(session, [(5, 20), (35, 20)], (1,), "split", by_model=True)
    assert {mask.plane for each in change.masks.values() for mask in each} == {(1,)}
    assert sum(change.areas.values()) == 20 * 30
    assert set(np.unique(session.labels[1, 10:30, 10:40])) == {1, 3}


def test_an_axis_that_the_image_lacks_is_named(session: Session) -> None:
    with pytest.raises(LabelError, match="no axis T to go along: it has Z"):
        stroke(session, [(5, 20), (35, 20)], (1,), axis="T")


def test_labels_that_cannot_be_written_stay_and_keep_their_history(session: Session) -> None:
    stroke(session, [(5, 20), (35, 20)], (1,))
    session.undo()
    before = session.labels.copy()
    session.labels.flags.writeable = False
    with pytest.raises(LabelError, match="the labels cannot be written: assignment destination"):
        stroke(session, [(5, 20), (35, 20)], (1,))
    session.labels.flags.writeable = True
    np.testing.assert_array_equal(session.labels, before)
    assert session.redo()
