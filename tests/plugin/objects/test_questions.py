"""Questions: which planes the model is asked about; no window, no model."""

import numpy as np

from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.layers.read_prompts import PlanePrompts
from napari_sam.plugin.objects.questions import Questions
from napari_sam.plugin.worker.events import Answer, Question
from napari_sam.prompts.prompt import MaskPrompt, PointPrompt
from tests.plugin.scene import mask_at

PLANE, OTHER = (1,), (2,)


def clicks(*points: tuple[float, ...], label: int = 1) -> PlanePrompts:
    prompts = [PointPrompt(point, label) for point in points]
    return PlanePrompts(list(prompts), [("point", label, *point) for point in points])


def answer(question: Question) -> Answer:
    return Answer(PLANE, question.key, mask_at(PLANE, 2, 2, [[1]]))


def test_only_planes_whose_prompts_changed_are_asked_about_again() -> None:
    questions = Questions({})
    first, second = clicks((1, 4, 5)), clicks((2, 6, 7))
    questions.take({PLANE: first, OTHER: second}, Size.BEST)
    assert set(questions.to_ask()) == {PLANE, OTHER}
    assert questions.missing == [PLANE, OTHER]
    questions.note_answer(answer(questions.on(PLANE)))
    assert questions.missing == [OTHER]
    assert set(questions.to_ask()) == {OTHER}
    questions.take({PLANE: clicks((1, 4, 5), (1, 8, 8)), OTHER: second}, Size.BEST)
    assert set(questions.to_ask()) == {PLANE, OTHER}
    assert questions.answered == {PLANE}


def test_a_late_answer_to_earlier_prompts_leaves_the_question_open() -> None:
    questions = Questions({})
    questions.take({PLANE: clicks((1, 4, 5))}, Size.BEST)
    (early,) = questions.to_ask().values()
    questions.take({PLANE: clicks((1, 4, 5), (1, 5, 5))}, Size.BEST)
    questions.to_ask()
    questions.note_answer(answer(early))
    assert questions.missing == [PLANE]


def test_background_alone_is_no_question_unless_the_object_was_followed_there() -> None:
    background = {PLANE: clicks((1, 4, 5), label=0)}
    questions = Questions({})
    questions.take(background, Size.BEST)
    assert questions.to_ask() == {}
    followed = mask_at(PLANE, 3, 4, [[1, 1]])
    questions = Questions({PLANE: followed})
    questions.take(background, Size.BEST)
    (question,) = questions.to_ask().values()
    assert question.prompts[0] == PointPrompt((1, 4, 5), 0)
    assert isinstance(question.prompts[1], MaskPrompt)
    assert (question.prompts[1].y0, question.prompts[1].x0) == (3, 4)
    np.testing.assert_array_equal(question.prompts[1].pixels, [[True, True]])
    assert question.size is Size.BEST


def test_a_first_click_keeps_its_size_until_it_is_given_another() -> None:
    questions = Questions({})
    questions.take({PLANE: clicks((1, 4, 5))}, Size.SMALL)
    questions.take({PLANE: clicks((1, 4, 5)), OTHER: clicks((2, 4, 5))}, Size.LARGE)
    assert (questions.size_on(PLANE), questions.size_on(OTHER)) == (Size.SMALL, Size.LARGE)
    assert questions.size_on((3,)) is None
    before = questions.on(PLANE).key
    questions.resize(PLANE, Size.MEDIUM)
    assert questions.on(PLANE).size is Size.MEDIUM
    assert questions.on(PLANE).key != before


def test_the_question_after_another_click_is_that_of_the_click_when_it_is_made() -> None:
    questions = Questions({})
    questions.take({PLANE: clicks((1, 4, 5))}, Size.BEST)
    click = PointPrompt((1, 8, 8), 1)
    expected = questions.with_click(click, Size.BEST)
    assert expected is not None
    assert list(expected.prompts) == [PointPrompt((1, 4, 5), 1), click]
    background = PointPrompt((2, 8, 8), 0)
    assert questions.with_click(background, Size.BEST) is None


def test_all_answers_are_forgotten_when_the_model_sees_something_else() -> None:
    questions = Questions({})
    questions.take({PLANE: clicks((1, 4, 5))}, Size.BEST)
    questions.to_ask()
    questions.note_answer(answer(questions.on(PLANE)))
    state = questions.state()
    questions.ask_again()
    assert questions.missing == [PLANE]
    questions.restore(*state)
    assert questions.missing == []
