"""Interrupt: Ctrl-C that waits for the end of a step."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType


class Interrupt:
    """Ctrl-C of the user, as a flag.

    Attributes
    ----------
    pressed : bool
        Whether Ctrl-C was pressed once. A second one stops at once.
    """

    def __init__(self) -> None:
        self.pressed = False

    def _press(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


@contextmanager
def postponed() -> Iterator[Interrupt]:
    """Turn Ctrl-C into a flag within a block, which looks at it between two steps."""
    interrupt = Interrupt()
    if current_thread() is not main_thread():  # only the main thread gets signals
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, interrupt._press)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
