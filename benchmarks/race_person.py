"""Simulated person of the race: knows the truth, and goes on until the labels are right."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt

from benchmarks.race_hands import Hands
from napari_sam.evaluate.clicks import next_click
from napari_sam.evaluate.matching import precision
from napari_sam.evaluate.objects import TrueObject, labelled_pixels
from napari_sam.evaluate.overlap import overlap
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.prompts.prompt import BACKGROUND, PointPrompt

GOAL = 0.9
"""AP at an IoU of 0.5 with which the person is content."""

GOOD = 0.75
"""IoU with the true cell below which an object is corrected."""

RIGHT = 0.5
"""IoU with the true cell below which an object is not accepted."""

PART = 0.3
"""IoU with every true cell below which a label is removed rather than corrected."""

CORRECTIONS = 4
"""Most clicks after the first on an object, or on a label that is corrected."""

BOX_CORRECTIONS = 2
"""Most clicks after a box."""

EXAMPLES = 6
"""Cells that are clicked before the search, in the way *examples*: the model learns at six."""

MOST_LOOKS = 200
"""Objects after which the person gives the review up."""

LONGEST_LESSON = 180.0
"""Seconds after which the person waits no longer for a lesson."""


@dataclass(frozen=True, slots=True)
class Match:
    """True cell and label that share most.

    Parameters
    ----------
    number : int
        The other's number; 0 if nothing is shared.
    iou : float
        Intersection over union of both, 0 to 1.
    """

    number: int = 0
    iou: float = 0.0


class Person:
    """Clicks, reviews and corrects until AP at 0.5 is :data:`GOAL`, or nothing is left to try.

    Parameters
    ----------
    hands : Hands
        Mouse and keyboard.
    truth : ndarray
        ``(y, x)`` integers, the true labels.
    goal : float
        AP at which the person stops.
    longest : float
        Seconds after which the person stops, with those of the processor as waits.

    Attributes
    ----------
    tried : dict of int to int
        By number of a true cell that was worked on: the lesson at the time.
    reviewed : int
        Number of objects that the review has shown.
    found_ap : float or None
        AP right after *Find all objects*; None before.
    curve : list of (float, float)
        Seconds, with those of the processor as waits, and AP at that time.
    """

    def __init__(
        self,
        hands: Hands,
        truth: NDArray[np.integer],
        goal: float = GOAL,
        longest: float = math.inf,
    ) -> None:
        self._hands, self._truth, self._goal, self._longest = hands, truth, goal, longest
        self._objects = {n: TrueObject.of(box, pix) for n, box, pix in labelled_pixels(truth)}
        self.tried: dict[int, int] = {}
        self.reviewed = 0
        self.found_ap: float | None = None
        self.curve: list[tuple[float, float]] = []
        self._removed: set[int] = set()

    # --- what the person sees --------------------------------------------------------------------

    @property
    def ap(self) -> float:
        """AP at an IoU of 0.5 of the labels now."""
        return precision(overlap(self._truth, self._hands.labels()), 0.5)

    @property
    def is_done(self) -> bool:
        """Whether the goal is reached, or the time is over; also notes the AP of this moment."""
        ap, seconds = self.ap, self._hands.clock.person + self._hands.clock.processor
        if not self.curve or self.curve[-1][1] != round(ap, 4):
            self.curve.append((round(seconds, 1), round(ap, 4)))
        return ap >= self._goal or seconds >= self._longest

    @property
    def in_vain(self) -> int:
        """Number of cells that were worked on, and that no label fits by half."""
        of_cell, _ = self._matches()
        return sum(of_cell[number].iou < RIGHT for number in self.tried)

    @property
    def _work(self) -> Any:
        return self._hands.bench.controller.workspace

    @property
    def _lessons(self) -> int:
        """Objects of the lesson in use, which tell one lesson from the next; 0 without any."""
        lesson = self._work.lessons.now
        return 0 if lesson is None else lesson.objects

    def _matches(self) -> tuple[dict[int, Match], dict[int, Match]]:
        """Best label by true cell, and best true cell by label."""
        labels = self._hands.labels()
        shared = overlap(self._truth, labels)
        cells, numbers = (np.unique(each[each > 0]).tolist() for each in (self._truth, labels))
        of_cell, of_label = dict.fromkeys(cells, Match()), dict.fromkeys(numbers, Match())
        pairs = zip(shared.true, shared.predicted, shared.ious.tolist(), strict=True)
        for cell, label, iou in pairs:
            if iou > of_cell[cells[cell]].iou:
                of_cell[cells[cell]] = Match(numbers[label], iou)
            if iou > of_label[numbers[label]].iou:
                of_label[numbers[label]] = Match(cells[cell], iou)
        return of_cell, of_label

    def _shown_iou(self, cell: TrueObject) -> float:
        return cell.iou(self._shown())

    def _shown(self) -> Mask:
        pixels = self._hands.bench.shown()
        return Mask((), (0, 0, *pixels.shape), pixels, 1.0, 1.0)

    # --- ways --------------------------------------------------------------------------------

    def click_each(self) -> None:
        """Click on each cell."""
        self._mend()

    def find_and_review(self) -> None:
        """Find all objects, review them as the docs say, then click what is missing."""
        self._find_all()
        self._review()
        self._mend()

    def find_and_mend(self) -> None:
        """Find all objects, then go straight to what is wrong or missing."""
        self._find_all()
        self._mend()

    def show_examples(self) -> None:
        """Click on six cells, find all objects, and review them, as the tutorial does."""
        for number in list(self._objects)[:EXAMPLES]:
            if not self.is_done:
                self._segment(number)
        self._await_lesson()
        self.find_and_review()

    # --- all objects -------------------------------------------------------------------------

    def _find_all(self) -> None:
        box, runner = self._hands.bench.dock.everything_box, self._hands.bench.controller.runner
        if self.is_done:
            return
        self._hands.press_button(box.button)
        self._hands.press_button(box.slice_button)
        self._hands.clock.wait("find all", lambda: not runner.working)
        self.found_ap = self.ap
        self._hands.look()

    def _review(self) -> None:
        """Keep, drop or correct one object after the other, the least sure first."""
        if self.is_done or not self._waiting():
            return
        self._hands.shifted(Qt.Key.Key_S, "review")
        while not self.is_done and self._waiting() and self.reviewed < MOST_LOOKS:
            label = int(self._hands.bench.layer("labels").selected_label)
            of_cell, of_label = self._matches()
            best = of_label.get(label, Match())
            self._hands.look()
            self.reviewed += 1
            is_twice = best.number and of_cell[best.number].number != label
            is_tried = self.tried.get(best.number) == self._lessons
            if is_twice or best.iou < (RIGHT if is_tried else PART):
                self._hands.shifted(Qt.Key.Key_D, "review")
            elif is_tried or best.iou >= GOOD:
                self._hands.shifted(Qt.Key.Key_F, "review")
            elif not self._correct(label, best.number):
                self._hands.shifted(Qt.Key.Key_D, "review")

    def _waiting(self) -> bool:
        return any(True for _ in self._work.ratings.waiting)

    # --- one by one --------------------------------------------------------------------------

    def _mend(self) -> None:
        """Remove false labels, then segment missing cells, then correct labels, one by one."""
        while not self.is_done:
            task = next(self._tasks(), None)
            if task is not None:
                number, label = task
                if not number:
                    self._remove(label)
                elif not label:
                    self._segment(number)
                elif not self._correct(label, number):
                    self._remove(label)
            elif not self._lesson_helps():
                return

    def _tasks(self) -> Iterator[tuple[int, int]]:
        """Yield true cell and label of what is wrong: no cell of false labels, no label of none."""
        of_cell, of_label = self._matches()
        tried = {n for n, lesson in self.tried.items() if lesson == self._lessons}
        open_cells = {n: match for n, match in of_cell.items() if n not in tried}
        false = [label for label, match in of_label.items() if match.iou < PART]
        yield from ((0, label) for label in false if label not in self._removed)
        yield from ((n, 0) for n, match in open_cells.items() if match.iou < PART)
        poor = [n for n, match in open_cells.items() if PART <= match.iou < GOOD]
        yield from ((n, of_cell[n].number) for n in sorted(poor, key=lambda n: of_cell[n].iou))

    def _lesson_helps(self) -> bool:
        """Wait for a lesson that redraws labels; whether something is different then."""
        before, labels = self._lessons, self._hands.labels().copy()
        if not self._work.ratings.of_label or not self._await_lesson():
            return False
        return self._lessons != before or not np.array_equal(labels, self._hands.labels())

    def _await_lesson(self) -> bool:
        """Wait for the end of the lesson under way; whether there was any."""
        button = self._hands.bench.dock.learn_box.learn_button
        self._hands.clock.wait("lesson begins", lambda: button.text() == "Stop learning", 0.5)
        if button.text() != "Stop learning":
            return False
        self._hands.clock.wait("lesson", lambda: button.text() != "Stop learning", LONGEST_LESSON)
        return True

    def _segment(self, number: int) -> None:
        """Click on a cell until it is good enough, else draw a box; accept it, or give it up."""
        cell, hands = self._objects[number], self._hands
        if hands.click(cell.click):
            self._click_on_errors(cell, CORRECTIONS, [PointPrompt(cell.click)])
        if self._shown_iou(cell) < GOOD:
            hands.key(Qt.Key.Key_Escape, "drop", self._is_free)
            hands.key(Qt.Key.Key_W)
            box_drawn = hands.box(*cell.box)
            hands.key(Qt.Key.Key_Q)
            if box_drawn:
                self._click_on_errors(cell, BOX_CORRECTIONS, [])
        self.tried[number] = self._lessons
        if self._shown_iou(cell) >= RIGHT and hands.shifted(Qt.Key.Key_E, "accept", self._is_free):
            return
        hands.key(Qt.Key.Key_Escape, "drop", self._is_free)

    def _click_on_errors(self, cell: TrueObject, most: int, clicks: list[PointPrompt]) -> None:
        """Look, and click into the middle of the largest error, until the cell is good enough."""
        self._hands.look()
        for _ in range(most):
            shown = self._shown()
            click = next_click(cell, shown, clicks)
            if cell.iou(shown) >= GOOD or click is None:
                return
            clicks.append(click)
            self._hands.click(click.position[-2:], click.label == BACKGROUND)
            self._hands.look()

    def _correct(self, label: int, number: int) -> bool:
        """Pick a label up and correct it; False, with the label as it was, if that fails."""
        cell, hands = self._objects[number], self._hands
        self.tried[number] = self._lessons
        hands.point(self._inside(label))
        is_held = lambda: self._hands.bench.controller.object.held is not None  # noqa: E731
        if not hands.shifted(Qt.Key.Key_J, "pick up", is_held):
            return True
        before = self._shown_iou(cell)
        self._click_on_errors(cell, CORRECTIONS, [])
        if self._shown_iou(cell) > max(before, RIGHT):
            hands.shifted(Qt.Key.Key_E, "accept", self._is_free)
            return True
        hands.key(Qt.Key.Key_Escape, "drop", self._is_free)
        if before >= RIGHT:
            return True
        self.tried.pop(number)
        return False

    def _remove(self, label: int) -> None:
        """Point at a label and press Delete."""
        self._removed.add(label)
        self._hands.point(self._inside(label))
        gone = lambda: not (self._hands.labels() == label).any()  # noqa: E731
        self._hands.key(Qt.Key.Key_Delete, "remove", gone)

    def _inside(self, label: int) -> tuple[float, float]:
        """Innermost pixel of a label."""
        y, x = innermost(self._hands.labels() == label)
        return float(y), float(x)

    def _is_free(self) -> bool:
        """Whether no object is under way."""
        current = self._hands.bench.controller.object
        return not current.touched and not current.held
