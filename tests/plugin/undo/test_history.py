"""History by itself: steps of changes that only note what is done to them; no window."""

import pytest

from napari_sam.plugin.undo import history as undo
from napari_sam.plugin.undo.history import History


class Noted:
    """A change that notes what is done to it."""

    def __init__(self, name: str, log: list[str], size: int = 0, again: bool = True) -> None:
        self.name, self.log, self.size, self.again = name, log, size, again

    def undo(self) -> bool:
        self.log.append(f"undo {self.name}")
        return self.again

    def redo(self) -> None:
        self.log.append(f"redo {self.name}")


def test_the_history_goes_back_and_forth_and_a_new_step_ends_what_was_undone() -> None:
    log: list[str] = []
    history = History()
    assert not history.undo()
    assert not history.redo()
    history.add_prompts(Noted("click", log))
    with history.one_action():
        history.add_labels(Noted("label", log))
        history.add_prompts(Noted("clear", log))
    assert history.undo()
    assert log == ["undo label", "undo clear"]
    assert history.redo()
    assert log[2:] == ["redo clear", "redo label"]
    assert history.undo()
    assert history.undo()
    history.add_prompts(Noted("other", log))
    assert not history.redo()
    assert history.undo()
    assert not history.undo()
    assert log[-1] == "undo other"


def test_labels_are_taken_back_without_the_prompts_since() -> None:
    log: list[str] = []
    history = History()
    with history.one_action():
        history.add_labels(Noted("label", log))
        history.add_prompts(Noted("clear", log))
    history.add_prompts(Noted("click", log))
    assert history.undo_labels()
    assert log == ["undo label"]
    assert not history.undo_labels()
    assert history.redo()
    assert log[1:] == ["redo label"]
    assert history.undo()
    assert history.undo()
    assert history.undo()
    assert not history.undo()
    assert log[2:] == ["undo label", "undo click", "undo clear"]


def test_the_history_is_bounded_and_forgets_what_cannot_be_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log: list[str] = []
    history = History()
    for number in range(undo.STEPS + 5):
        history.add_prompts(Noted(str(number), log))
    while history.undo():
        pass
    assert len(log) == undo.STEPS
    assert log[-1] == "undo 5"
    monkeypatch.setattr(undo, "BYTES", 100)
    for number in range(5):
        history.add_labels(Noted(str(number), log, size=40))
    log.clear()
    while history.undo():
        pass
    assert log == ["undo 4", "undo 3"]
    history.add_labels(Noted("huge", log, size=1000))
    assert history.undo()
    history.add_prompts(Noted("promised", log, again=False))
    assert history.undo()
    assert not history.redo()


def test_what_comes_late_belongs_to_its_action_unless_labels_changed_since() -> None:
    log: list[str] = []
    history = History()
    with history.one_action() as accepted:
        history.add_prompts(Noted("clear", log))
    history.add_prompts(Noted("click", log))
    with history.one_action(accepted):
        history.add_labels(Noted("late", log))
    assert history.undo()
    assert history.undo()
    assert not history.undo()
    assert log == ["undo click", "undo late", "undo clear"]
    assert history.redo()
    history.add_labels(Noted("stroke", log))
    with history.one_action(accepted):
        history.add_labels(Noted("later", log))
    log.clear()
    while history.undo():
        pass
    assert log == ["undo later", "undo stroke", "undo late", "undo clear"]
    with history.one_action(accepted):  # it was taken back
        history.add_labels(Noted("new", log))
    assert history.undo()
    assert not history.undo()
    assert log[-1] == "undo new"
