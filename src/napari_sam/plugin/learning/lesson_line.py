"""Lesson line: the result of a lesson in a sentence for the user; no Qt."""

from datetime import UTC, datetime, timedelta

from napari_sam.journal.lesson_record import LessonRecord

NOTHING_LEARNED = (
    "Nothing learned from {count} objects: those held back to check it fit no better. The model "
    "stays as it was."
)
"""Line for a lesson that was dropped."""


def lesson_line(lesson: LessonRecord, now: datetime, result: str = "") -> str:
    """Sentence about a lesson.

    Parameters
    ----------
    lesson : LessonRecord
        The lesson.
    now : datetime
        The present, with a time zone.
    result : str
        What got better; by default the fit of the objects that were held back.
    """
    better = result or (
        f"objects held back to check it fit {lesson.after:.0%} instead of {lesson.before:.0%}"
    )
    return f"Learned from {lesson.objects} objects ({_ago(lesson.time, now)}): {better}."


def _ago(time: str, now: datetime) -> str:
    try:
        passed = now - datetime.fromisoformat(time).replace(tzinfo=UTC)
    except ValueError:
        return "earlier"
    if passed < timedelta(seconds=10):
        return "just now"
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min"), (10, "s")):
        if passed >= timedelta(seconds=unit):
            count = int(passed.total_seconds() // unit) * (10 if name == "s" else 1)
            return f"{count} {name} ago"
    return "just now"


def found_words(new: int, parts: int, redrawn: int) -> str:
    """Result of a second search in words: ``finds 9 more, joins 2 pieces, redraws 40``.

    Parameters
    ----------
    new : int
        Objects that were not found before.
    parts : int
        Labels that were parts of another object.
    redrawn : int
        Objects with new pixels.
    """
    pieces = "piece" if parts == 1 else "pieces"
    words = [f"joins {parts} {pieces}"] * bool(parts) + [f"redraws {redrawn}"] * bool(redrawn)
    return ", ".join([f"finds {new} more" if new else "finds no more", *words])
