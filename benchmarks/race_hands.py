"""Hands of the simulated person of the race: real events, counted and timed."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from qtpy import QtTest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget

from tests.plugin.bench import Bench

QTest: Any = QtTest.QTest  # its annotations are at odds with how it is called

SECONDS = {
    "look": 1.35,
    "click": 1.3,
    "background click": 1.58,
    "box": 2.4,
    "point": 1.1,
    "key": 0.28,
    "shifted key": 0.56,
    "right-hand key": 1.08,
}
"""Seconds of each action, by the keystroke-level model (Card, Moran and Newell, Communications of
the ACM 23(7), 1980): 1.1 to point with the mouse, 0.1 to press a button or let it go, 0.28 for a
key of an average typist, Shift counts as one, 0.4 to move the right hand from the mouse to the
keyboard or back (for Enter, Delete and Backspace), 1.35 to judge what is seen."""

RIGHT_HAND = {Qt.Key.Key_Return, Qt.Key.Key_Delete}
"""Keys for which the hand leaves the mouse."""

SHIFT = Qt.KeyboardModifier.ShiftModifier
PATIENCE = 300.0
"""Seconds after which a wait ends with an error."""

SLOWEST = 20
"""Ratio of a pause to the person's seconds, above which the program is not waited for."""

DROPPED = 3.0
"""Seconds after which a press of the mouse that added no prompt counts as dropped."""


class Clock:
    """Seconds of the person and of waiting, with the number of actions of each kind.

    Parameters
    ----------
    pace : float
        Share of the person's seconds that pass in reality, while the window works on. Below 1,
        work in the background has less time than beside a person.

    Attributes
    ----------
    in_background : callable
        Whether the program works in the background. Then a pause also lasts until the program has
        had the processor for its seconds: beside other programs, it gets as much as without them.
    actions : Counter of str
        Number of actions by name in :data:`SECONDS`.
    waits : list of (str, float)
        What was waited for, and seconds.
    processor : float
        Seconds of the processor in all waits, which other programs do not make longer.
    """

    def __init__(self, pace: float = 1.0) -> None:
        self.pace = pace
        self.in_background: Callable[[], bool] = lambda: False
        self.actions: Counter[str] = Counter()
        self.waits: list[tuple[str, float]] = []
        self.processor = 0.0

    @property
    def person(self) -> float:
        """Seconds of the person so far."""
        return sum(SECONDS[name] * count for name, count in self.actions.items())

    @property
    def waiting(self) -> float:
        """Seconds of waiting so far."""
        return sum(seconds for _, seconds in self.waits)

    def spend(self, action: str, count: int = 1) -> None:
        """Let the seconds of an action pass."""
        self.actions[action] += count
        start, processor = time.perf_counter(), time.process_time()
        pause = SECONDS[action] * count * self.pace
        while time.perf_counter() < start + pause or (
            time.process_time() < processor + pause
            and time.perf_counter() < start + SLOWEST * pause
            and self.in_background()
        ):
            QApplication.processEvents()
            time.sleep(0.004)  # a shorter pause would take processor time from the program

    def wait(self, name: str, ready: Callable[[], Any], seconds: float = PATIENCE) -> bool:
        """Wait until `ready` is true, at most some seconds; returns whether it is."""
        return self.timed(name, lambda: None, ready, seconds)

    def timed(
        self,
        name: str,
        act: Callable[[], Any],
        ready: Callable[[], Any],
        seconds: float = PATIENCE,
    ) -> bool:
        """Act, and wait until the answer is painted; returns whether it came in time."""
        start, processor = time.perf_counter(), time.process_time()
        act()
        QApplication.processEvents()
        while not (is_ready := bool(ready())) and time.perf_counter() < start + seconds:
            QApplication.processEvents()
            time.sleep(0.002)
        QApplication.processEvents()
        self.waits.append((name, time.perf_counter() - start))
        self.processor += time.process_time() - processor
        return is_ready


class Hands:
    """Mouse and keyboard of the person.

    Parameters
    ----------
    bench : Bench
        A shown window with the dock on the image.
    clock : Clock
        Counts the actions.

    Attributes
    ----------
    dropped : int
        Presses of the mouse that added no prompt.
    """

    def __init__(self, bench: Bench, clock: Clock) -> None:
        self.bench, self.clock, self.dropped = bench, clock, 0
        clock.in_background = lambda: bench.controller.runner.busy

    # --- what is seen --------------------------------------------------------------------------

    def labels(self) -> np.ndarray:
        """The accepted labels, ``(y, x)``."""
        work = self.bench.controller.workspace
        return np.asarray(work.labels_layer.plain())

    def look(self) -> None:
        """Judge what is shown."""
        self.clock.spend("look")

    # --- mouse ---------------------------------------------------------------------------------

    def press_button(self, button: QWidget) -> None:
        """Press a button of the dock, without a wait for its work."""
        self.clock.spend("click")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QApplication.processEvents()

    def point(self, place: Sequence[float]) -> None:
        """Move the mouse to a place of the image."""
        self._bring_on_screen(place)
        self.clock.spend("point")
        self.bench.move(place)

    def click(self, place: Sequence[float], background: bool = False) -> bool:
        """Click, and wait for the preview; returns whether the click counted."""
        self._bring_on_screen(place)
        self.clock.spend("background click" if background else "click")
        modifiers = SHIFT if background else Qt.KeyboardModifier.NoModifier
        where = self.bench.place(place)
        native, button = self.bench.native, Qt.MouseButton.LeftButton
        self.bench.aim(place)
        return self._prompt(lambda: QTest.mouseClick(native, button, modifiers, where))

    def box(self, start: Sequence[float], stop: Sequence[float]) -> bool:
        """Drag a box, and wait for the preview; returns whether the box counted."""
        self._bring_on_screen(start)
        self.clock.spend("box")
        return self._prompt(lambda: self.bench.drag(start, stop))

    def _prompt(self, act: Callable[[], Any]) -> bool:
        before = self._prompts()
        counted = self.clock.timed("click", act, lambda: self._prompts() > before, DROPPED)
        if not counted:
            self.dropped += 1
            return False
        return self.clock.wait("click", self._answered)

    def _prompts(self) -> int:
        """Number of clicks and boxes in the layers."""
        return sum(len(self.bench.layer(name).data) for name in ("points", "boxes"))

    def _answered(self) -> bool:
        current = self.bench.controller.object
        read = sum(len(on_plane.prompts) for on_plane in current.questions.prompts.values())
        return read == self._prompts() and not current.waiting

    def _bring_on_screen(self, place: Sequence[float]) -> None:
        """Show the whole image again, with Ctrl-0, if the place is not on the screen."""
        if not self.bench.native.rect().adjusted(2, 2, -2, -2).contains(self.bench.place(place)):
            self.clock.spend("shifted key")
            QTest.keyClick(self.bench.native, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
            QApplication.processEvents()

    # --- keys ----------------------------------------------------------------------------------

    def key(self, key: Qt.Key, name: str = "key", ready: Callable[[], Any] = lambda: True) -> bool:
        """Press a key, and wait for what it does; returns whether it was done."""
        self.clock.spend("right-hand key" if key in RIGHT_HAND else "key")
        return self._pressed(key, Qt.KeyboardModifier.NoModifier, name, ready)

    def shifted(
        self, key: Qt.Key, name: str = "key", ready: Callable[[], Any] = lambda: True
    ) -> bool:
        """Press a key with Shift, and wait for what it does; returns whether it was done."""
        self.clock.spend("shifted key")
        return self._pressed(key, SHIFT, name, ready)

    def _pressed(self, key: Qt.Key, modifier: Any, name: str, ready: Callable[[], Any]) -> bool:
        act = lambda: QTest.keyClick(self.bench.native, key, modifier)  # noqa: E731
        return self.clock.timed(name, act, ready, 10)

    # --- saving --------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Press *Save …*, and type a name."""
        self.clock.spend("click")
        self.clock.spend("key", len(path.name))
        self.clock.spend("right-hand key")
        button = self.bench.dock.correct_row.save_button

        def answer() -> None:
            for dialog in QApplication.topLevelWidgets():
                if isinstance(dialog, QFileDialog) and dialog.isVisible():
                    (name,) = dialog.findChildren(QLineEdit, "fileNameEdit")
                    name.setText(str(path))
                    QTest.keyClick(name, Qt.Key.Key_Return)
                    return
            QTimer.singleShot(20, answer)

        QTimer.singleShot(0, answer)
        save = lambda: QTest.mouseClick(button, Qt.MouseButton.LeftButton)  # noqa: E731
        self.clock.timed("save", save, path.exists)
