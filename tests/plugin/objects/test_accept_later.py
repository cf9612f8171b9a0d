"""AcceptLater: objects that wait for their masks, and what undo and cancel make of them."""

from types import SimpleNamespace
from typing import Any

import pytest

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.objects.accept_later import AcceptLater
from napari_sam.plugin.worker.events import Answer, Progress, Question
from napari_sam.plugin.worker.jobs import Job
from tests.plugin.scene import QuietDesk, Scene, mask_at

FIRST, SECOND = mask_at((0,), 1, 1, [[1]]), mask_at((1,), 2, 2, [[1, 1]])
OPEN_QUESTION = {(1,): Question((), ("click",))}


class Waiting:
    """An object that can be accepted."""


class Accepted:
    """Notes the masks that it was painted with."""

    def __init__(self) -> None:
        self.painted: list[list[Plane]] = []
        self.work = SimpleNamespace(source=None)

    def paint_uncleaned(self, masks: list[Mask]) -> bool:
        self.painted.append([mask.plane for mask in masks])
        return True


@pytest.fixture
def desk(own_journals: None) -> Any:
    desk = QuietDesk(Scene())
    desk.engine.steps = [Progress("Looking"), Answer((1,), ("click",), SECOND)]
    return desk


def test_an_object_is_painted_with_its_masks_as_soon_as_the_last_answer_came(desk: Any) -> None:
    later, waiting, accepted = AcceptLater(desk), Waiting(), Accepted()
    later.when_answered(waiting, accepted, {(0,): FIRST}, OPEN_QUESTION)
    assert (later.waits_for(waiting), len(later.jobs)) == (True, 1)
    desk.runner.run()
    assert accepted.painted == [[(0,), (1,)]]
    assert (later.waits_for(waiting), len(later.jobs)) == (False, 0)
    assert not later.take_back(waiting)  # the label has come: there is nothing to drop
    assert "Progress" in desk.said


def test_undo_drops_the_job_of_an_object_without_a_label(desk: Any) -> None:
    later, waiting, accepted = AcceptLater(desk), Waiting(), Accepted()
    later.when_answered(waiting, accepted, {}, OPEN_QUESTION)
    assert later.take_back(waiting)
    assert (desk.runner.jobs, accepted.painted) == ([], [])
    assert not later.take_back(waiting)


def test_a_cancelled_object_has_no_label_and_undo_knows_that(desk: Any) -> None:
    later, waiting, accepted = AcceptLater(desk), Waiting(), Accepted()
    later.when_answered(waiting, accepted, {}, OPEN_QUESTION)
    desk.runner.drop(desk.runner.jobs[0])
    assert (later.waits_for(waiting), len(later.jobs)) == (False, 0)
    assert later.take_back(waiting)
    assert not later.take_back(waiting)


def test_a_followed_object_is_painted_when_its_own_job_is_over(desk: Any) -> None:
    later, waiting, accepted = AcceptLater(desk), Waiting(), Accepted()
    job, other = Job(iter(()), lambda event: None), Job(iter(()), lambda event: None)
    assert not later.paint(waiting, job, [FIRST])  # not accepted yet
    later.when_followed(waiting, accepted, job)
    assert later.jobs == [job]
    assert not later.paint(waiting, other, [FIRST])
    assert later.paint(waiting, job, [FIRST, SECOND])
    assert accepted.painted == [[(0,), (1,)]]
    assert not later.paint(waiting, job, [FIRST])


def test_undo_lets_the_job_go_on_that_follows_an_accepted_object(desk: Any) -> None:
    later, waiting, accepted = AcceptLater(desk), Waiting(), Accepted()
    job = Job(iter(()), lambda event: None)
    desk.runner.submit(job)
    later.when_followed(waiting, accepted, job)
    assert later.take_back(waiting)
    assert desk.runner.jobs == [job]
    assert not later.paint(waiting, job, [FIRST])
