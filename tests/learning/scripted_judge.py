"""A judge of lessons that says what a test wants."""

from collections.abc import Callable, Generator

Judge = Callable[[object, object, object], Generator[object, None, float]]
"""Takes the place of :func:`napari_sam.learning.judge.judge`."""


def scripted_judge(*scores: float) -> Judge:
    """A judge whose answers are `scores`, one after the other."""
    answers = iter(scores)

    def judge(model: object, lesson: object, step: object) -> Generator[object, None, float]:
        yield step
        return next(answers)

    return judge
