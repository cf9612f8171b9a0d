"""A lesson has the whole accepted objects, and knows which pixels it knows."""

import numpy as np
import pytest

from napari_sam import Session
from napari_sam.errors import LearningError
from napari_sam.learning.gather import RING, gather
from napari_sam.learning.lesson import Lesson
from napari_sam.masks.mask import Mask
from tests.learning.rings import rings
from tests.tiny import tiny_sam


def session_of(image: np.ndarray, **options: object) -> Session:
    return Session.open(image, model=tiny_sam(), cache_dir=False, **options)


def lesson_of(labels: np.ndarray, session: Session, **options: object) -> Lesson:
    return gather(session.encoder, labels, session.tiles(), **options)


def test_a_page_has_the_accepted_objects_alone_and_their_rings() -> None:
    image, truth = rings()
    accepted = np.where(truth <= 4, truth, 0)
    lesson = lesson_of(accepted, session_of(image))
    (page,) = lesson.pages
    assert lesson.objects == 4
    y0, x0, y1, x1 = page.bbox
    np.testing.assert_array_equal(page.labels, accepted[y0:y1, x0:x1])
    unlabelled = page.known & (page.labels == 0)
    assert 0 < unlabelled.sum() < 4 * (2 * np.pi * 14 + 20) * RING
    assert not page.known[truth[y0:y1, x0:x1] > 4].any()
    for number, (top, left, bottom, right) in enumerate(page.boxes, 1):
        inside = page.labels[top:bottom, left:right] == number
        assert inside.sum() == (page.labels == number).sum()
        assert inside.any(0).all()
        assert inside.any(1).all()


def test_complete_regions_and_dropped_masks_are_known() -> None:
    image, truth = rings()
    accepted = np.where(truth <= 4, truth, 0)
    refused = Mask((), (300, 20, 304, 24), np.ones((4, 4), bool), 0.9, 1.0)
    session = session_of(image)
    lesson = lesson_of(accepted, session, complete=[((), (0, 0, 60, 320))], dropped=[refused])
    (page,) = lesson.pages
    assert page.known[:60].all()
    assert page.bbox == (0, 0, 242, 320) or page.known[300:304, 20:24].all()


def test_objects_of_several_planes_and_tiles_are_each_taken_once() -> None:
    image, truth = rings()
    stack, labels = np.stack([image, image]), np.stack([truth, np.where(truth < 3, truth, 0)])
    session = session_of(stack, axes="ZYX", tile_size=128)
    lesson = lesson_of(labels, session)
    assert {page.tile.plane for page in lesson.pages} == {(0,), (1,)}
    assert lesson.objects == int(truth.max()) + 2


def test_large_labels_need_no_table_of_their_size() -> None:
    image, truth = rings()
    labels = np.where(truth > 0, truth + np.uint32(4_000_000_000), 0).astype(np.uint32)
    assert lesson_of(labels, session_of(image)).objects == int(truth.max())


@pytest.mark.parametrize("accepted", [0, 1, 2])
def test_fewer_than_three_objects_are_refused(accepted: int) -> None:
    image, truth = rings()
    with pytest.raises(LearningError, match=f"^{accepted} accepted objects are too few"):
        lesson_of(np.where(truth <= accepted, truth, 0), session_of(image))


def test_crumbs_are_no_objects() -> None:
    image, _ = rings()
    labels = np.zeros(image.shape, np.uint32)
    labels[[10, 50, 90], 10] = [1, 2, 3]
    with pytest.raises(LearningError, match="0 accepted objects are too few"):
        lesson_of(labels, session_of(image))


def test_every_third_object_is_held_back_and_unknown_to_the_rest() -> None:
    image, truth = rings()
    lesson = lesson_of(np.where(truth <= 6, truth, 0), session_of(image))
    taught, judged = lesson.split()
    assert (taught.objects, judged.objects) == (4, 2)
    (page,), (back,), (whole,) = taught.pages, judged.pages, lesson.pages
    assert not ((page.labels > 0) & (back.labels > 0)).any()
    np.testing.assert_array_equal((page.labels > 0) | (back.labels > 0), whole.labels > 0)
    assert not page.known[back.labels > 0].any()
