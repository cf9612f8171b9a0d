"""When the model learns by itself, and when it is told that it has learned the wrong thing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.journal.lesson_record import LessonRecord
from napari_sam.plugin.labels.rating import Look, Rating
from napari_sam.plugin.learning.evidence import Evidence
from napari_sam.plugin.learning.lesson_line import found_words, lesson_line
from napari_sam.plugin.learning.scores import verdict
from napari_sam.plugin.worker.events import Scored

NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
LESSON = LessonRecord("abc", "def", "cells-tiny", True, 12, 0.61, 0.74, NOW.isoformat())


def accepted(count: int, area: int = 40) -> Evidence:
    return Evidence(dict.fromkeys(range(1, count + 1), area), 0)


def test_lessons_come_at_six_and_whenever_the_objects_have_doubled() -> None:
    last, lessons = Evidence({}, 0), []
    for count in range(1, 101):
        if accepted(count).calls_for_lesson(last):
            last = accepted(count)
            lessons.append(count)
    assert lessons == [6, 12, 24, 48, 96]


@given(st.integers(0, 300), st.integers(0, 300))
def test_objects_that_were_there_before_call_for_no_lesson(before: int, more: int) -> None:
    last, now = accepted(before), accepted(before + more)
    assert not last.calls_for_lesson(last)
    if now.calls_for_lesson(last):
        assert now.accepted >= max(6, last.accepted + 1)


def test_three_dropped_or_corrected_objects_call_for_a_lesson() -> None:
    last = accepted(10)
    one_corrected = Evidence({**last.areas, 2: 41}, 0)
    assert not one_corrected.calls_for_lesson(last)
    assert not replace(one_corrected, wrong=1).calls_for_lesson(last)
    assert replace(one_corrected, wrong=2).calls_for_lesson(last)
    erased = {label: area for label, area in last.areas.items() if label > 3}
    assert Evidence(erased, 0).calls_for_lesson(last)
    assert not Evidence({1: 40, 2: 40}, 9).calls_for_lesson(Evidence({}, 0))  # too few to learn


def test_in_a_large_image_a_tenth_must_be_corrected() -> None:
    last = accepted(100)
    corrected = dict(last.areas)
    for label in range(1, 10):
        corrected[label] += 1
        assert not Evidence(corrected, 0).calls_for_lesson(last)
    corrected[10] += 1
    assert Evidence(corrected, 0).calls_for_lesson(last)


def test_what_nobody_has_looked_at_is_no_evidence() -> None:
    rating = Rating(0.9, (), {(): (0, 0, 5, 5)})
    ratings = {
        1: rating,
        2: replace(rating, look=Look.KEPT),
        3: replace(rating, look=Look.DROPPED),
        5: replace(rating, look=Look.CORRECTED),
    }
    evidence = Evidence.of({1: 20, 2: 21, 4: 22, 5: 23}, ratings)
    assert evidence == Evidence({2: 21, 4: 22, 5: 23}, 2)
    assert evidence.missing == 0


def test_a_lesson_that_loses_over_the_last_objects_is_taken_off() -> None:
    wins, loses = Scored(0.6, 0.7), Scored(0.7, 0.6)
    assert verdict([]) == ""
    assert verdict([loses, loses]) == ""  # too few to tell
    assert verdict([loses, wins, wins]) == ""
    assert verdict([Scored(0.5, 0.5)] * 5) == ""  # no worse
    assert "70% instead of 60%" in verdict([loses] * 3)
    assert "last 5 objects" in verdict([wins] * 9 + [loses] * 3)
    assert verdict([loses] * 9 + [wins] * 5) == ""


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=9), "just now"),
        (timedelta(seconds=12), "10 s ago"),
        (timedelta(seconds=59), "50 s ago"),
        (timedelta(minutes=3, seconds=5), "3 min ago"),
        (timedelta(hours=25), "1 d ago"),
    ],
)
def test_the_line_says_when(passed: timedelta, words: str) -> None:
    assert lesson_line(LESSON, NOW + passed, "finds 9 more") == (
        f"Learned from 12 objects ({words}): finds 9 more."
    )


def test_the_line_says_what_is_better() -> None:
    assert lesson_line(LESSON, NOW).endswith(
        ": objects held back to check it fit 74% instead of 61%."
    )
    assert found_words(9, 0, 0) == "finds 9 more"
    assert found_words(9, 2, 40) == "finds 9 more, joins 2 pieces, redraws 40"
    assert found_words(0, 1, 0) == "finds no more, joins 1 piece"
