"""Patience: waits for the dock outside of tests, as benchmarks do."""

import time
from collections.abc import Callable


class Patience:
    """Stand-in for pytest-qt's ``qtbot`` outside of tests: waits while Qt handles its events."""

    def waitUntil(self, ready: Callable[[], bool], timeout: int) -> None:  # noqa: N802, as there
        """Return as soon as `ready` is true; `timeout` is in milliseconds."""
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + timeout / 1000
        while time.monotonic() < end:
            QApplication.processEvents()
            if ready():
                return
            time.sleep(0.01)
        raise TimeoutError("the dock is still busy")

    def wait(self, milliseconds: int) -> None:
        """Let Qt handle its events for some time."""
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + milliseconds / 1000
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.002)
