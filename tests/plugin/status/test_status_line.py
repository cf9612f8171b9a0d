"""The outcome of an action stands before the line on the state until the next action."""

import pytest

from napari_sam.plugin.status.dock_state import DockState, UnderWay
from napari_sam.plugin.status.status_line import StatusLine

OBJECT = DockState(objects=UnderWay((1,), pixels=8, writable=8, slices=1, acceptable=True))
HINT = "8 pixels: Enter accepts, more clicks correct."


class Shown:
    """A status line with a state that can be changed, and the lines that it showed."""

    def __init__(self) -> None:
        self.state = DockState()
        self.lines: list[str] = []
        self.line = StatusLine(lambda: self.state)
        self.line.changed.connect(lambda text, status: self.lines.append(text))


@pytest.fixture
def shown() -> Shown:
    return Shown()


def test_a_renewal_shows_the_new_state_after_the_outcome(shown: Shown) -> None:
    shown.line.tell("Not accepted: it lies on others.")
    shown.state = OBJECT
    shown.line.renew()
    assert shown.lines == [
        "Not accepted: it lies on others. Click on an object.",
        f"Not accepted: it lies on others. {HINT}",
    ]


def test_an_outcome_is_over_with_the_next_action(shown: Shown) -> None:
    shown.line.tell("Object 12 accepted, 8 pixels.")
    shown.line.begin_action()
    shown.state = OBJECT
    shown.line.renew()
    assert shown.lines[-1] == HINT


def test_the_last_outcome_of_an_action_is_shown(shown: Shown) -> None:
    shown.line.tell("Object 12 accepted, 8 pixels.")
    shown.line.tell("2 objects accepted.")
    assert shown.lines[-1] == "2 objects accepted. Click on an object."


def test_news_do_not_cover_an_outcome_and_are_over_with_the_next_action(shown: Shown) -> None:
    shown.line.report("Everything is encoded.")
    assert shown.lines[-1] == "Everything is encoded. Click on an object."
    shown.line.tell("Dropped.")
    shown.line.report("3 objects so far.")
    assert shown.lines[-1] == "Dropped. Click on an object."
    shown.line.begin_action()
    shown.line.renew()
    assert shown.lines[-1] == "Click on an object."


def test_a_reason_that_the_line_gives_already_is_not_said_twice(shown: Shown) -> None:
    shown.state = DockState(obstacle="3D is for looking.")
    shown.line.tell("3D is for looking.")
    assert shown.lines == ["3D is for looking."]
    shown.state = DockState()
    shown.line.renew()
    assert shown.lines[-1] == "Click on an object."  # it holds no longer
