"""Following: which planes a job brings, and what becomes of them; no window, no model."""

from collections.abc import Set
from typing import Any

import pytest

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.follow.following import Following
from napari_sam.plugin.follow.stretch import stretch
from napari_sam.plugin.worker.events import Followed
from tests.plugin.scene import QuietDesk, Scene, mask_at


def at(z: int) -> Mask:
    return mask_at((z,), 3, 4, [[1, 1], [1, 1]])


class Subject:
    """An object that is followed, with a desk whose jobs the test runs."""

    def __init__(self) -> None:
        self.desk: Any = QuietDesk(Scene())
        self.masks: dict[Plane, Mask] = {(1,): at(1)}
        self.known: Set[Plane] = {(1,)}
        self.waiting, self.changes = False, 0
        self.ended: list[bool] = []
        self.following = Following(
            self.desk,
            self.masks,
            lambda: self.known,
            lambda: self.waiting,
            self._change,
            lambda job, completed: self.ended.append(completed),
        )

    def _change(self) -> None:
        self.changes += 1

    def brings(self, *steps: Followed) -> None:
        self.desk.engine.steps = list(steps)


@pytest.fixture
def subject(own_journals: None) -> Subject:
    return Subject()


@pytest.mark.parametrize(
    ("known", "corrected", "expected"),
    [
        ({3}, {3}, (0, None)),
        ({1, 3, 8}, {3}, (1, 8)),
        ({1, 3, 8}, {3, 8}, (1, None)),
        ({1, 3, 8}, {1}, (0, 3)),
    ],
)
def test_a_correction_reaches_to_the_next_known_planes(
    known: set[int], corrected: set[int], expected: tuple[int, int | None]
) -> None:
    assert stretch(known, corrected) == expected


def test_followed_planes_become_masks_with_how_unsure_they_are(subject: Subject) -> None:
    following = subject.following
    subject.brings(Followed((0,), None), Followed((2,), at(2), disagreement=0.25))
    assert following.can_begin()
    following.begin("Z")
    assert following.reach.running
    subject.desk.runner.run()
    ((known, axis, within),) = subject.desk.engine.calls
    assert ([mask.plane for mask in known], axis, within) == ([(1,)], "Z", (0, 3))
    assert set(subject.masks) == {(1,), (2,)}
    assert following.unsure == {(2,): 0.25}
    assert (subject.ended, following.job, subject.changes) == ([True], None, 1)
    assert following.goes_on


def test_without_a_mask_the_user_is_told_to_click(subject: Subject) -> None:
    subject.known = set()
    assert not subject.following.can_begin()
    assert subject.desk.said == ["Click on an object first; then it can be followed."]


def test_following_waits_for_answers(subject: Subject) -> None:
    subject.waiting = True
    subject.following.begin("Z")
    assert subject.desk.runner.jobs == []
    assert subject.following.goes_on
    subject.waiting = False
    subject.following.answers_came({(1,)})
    assert len(subject.desk.runner.jobs) == 1
    subject.following.interrupt()
    assert (subject.desk.runner.jobs, subject.ended) == ([], [])


def test_a_plane_that_is_not_found_again_goes_at_the_end(subject: Subject) -> None:
    following = subject.following
    subject.brings(Followed((2,), at(2)), Followed((3,), at(3)))
    following.begin("Z")
    subject.desk.runner.run()
    subject.brings(Followed((2,), at(2)))
    following.answers_came({(1,)})
    subject.desk.runner.run()
    assert set(subject.masks) == {(1,), (2,)}


def test_a_cancel_keeps_what_came_and_follows_no_further(subject: Subject) -> None:
    following = subject.following
    subject.brings(Followed((2,), at(2)))
    following.begin("Z")
    subject.desk.runner.drop(subject.desk.runner.jobs[0])
    assert (subject.ended, following.axis, following.goes_on) == ([False], None, False)


def test_the_most_unsure_plane_comes_first_and_again_after_all(subject: Subject) -> None:
    slices = {(0,): 0.1, (1,): None, (2,): 0.4}
    visited = [subject.following.next_unsure(slices) for _ in range(3)]
    assert visited == [(2,), (0,), (2,)]
    assert subject.following.next_unsure({(1,): None}) is None


def test_a_copy_of_the_reach_is_gone_back_to(subject: Subject) -> None:
    following = subject.following
    before = following.reach
    subject.brings(Followed((2,), at(2)))
    following.begin("Z")
    subject.desk.runner.run()
    after = following.reach
    following.go_back(before)
    assert (following.brought, following.axis) == ({}, None)
    following.go_back(after)
    assert (set(following.brought), following.axis) == ({(2,)}, "Z")
