"""Words on what undo takes back."""

from collections.abc import Sequence

import pytest

from napari_sam.plugin.undo.exchange import Exchange
from napari_sam.plugin.undo.history import History
from napari_sam.plugin.undo.prompt_words import words_of_change


@pytest.mark.parametrize(
    ("clicks", "shapes", "moved", "words"),
    [
        ((0, 1), ((), ()), True, "the last click"),
        ((1, 4), ((), ()), True, "3 clicks"),
        ((2, 1), ((), ()), True, "the removal of a click"),
        ((3, 1), ((), ()), True, "the removal of 2 clicks"),
        ((1, 1), ((), ()), True, "the change of a click"),
        ((1, 1), ((), ("rectangle",)), False, "the last box"),
        ((1, 1), (("rectangle",), ("rectangle", "path")), False, "the last scribble"),
        ((0, 0), ((), ("polygon",)), False, "the last outline"),
        ((0, 0), (("polygon",), ()), False, "the removal of a shape"),
        ((0, 0), (("ellipse",), ("ellipse",)), False, "the change of a shape"),
    ],
)
def test_a_change_of_prompts_has_words(
    clicks: tuple[int, int],
    shapes: tuple[Sequence[str], Sequence[str]],
    moved: bool,
    words: str,
) -> None:
    assert words_of_change(clicks, shapes, moved) == words


def test_a_history_tells_what_comes_next_and_that_it_changed() -> None:
    history, revisions = History(), []
    history.changed.connect(lambda: revisions.append(history.revision))
    assert (history.next_undo, history.next_redo, [*history.done]) == ("", "", [])
    history.add_prompts(Exchange({}), "the last click")
    with history.one_action(text="accepting the object"):
        history.add_labels(Exchange({}))
        history.add_prompts(Exchange({}), "dropping the object")
    history.add_labels(Exchange({}))
    assert history.next_undo == "the last change of the labels"
    history.undo()
    assert history.next_redo == "the last change of the labels"
    assert history.next_undo == "accepting the object"
    history.undo_labels()
    assert history.next_undo == "the end of the object"
    assert not any(step.labels for step in history.done)
    assert history.next_redo == "accepting the object"
    history.undo()
    assert history.next_undo == "the last click"
    assert revisions == list(range(1, 7))
