"""Activity: how far long work is, and how long it will take, in napari's activity dock."""

from collections.abc import Callable
from typing import Any

from napari.utils import cancelable_progress

from .events import Progress


class _Bar(cancelable_progress):
    """Cancels at once: the original asks only where it is looped over."""

    def cancel(self) -> None:
        super().cancel()
        self.cancel_callback()


class Activity:
    """One bar, from the first progress that has an end until :meth:`close`.

    Parameters
    ----------
    cancel : callable
        Called when the user cancels there.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._bar: Any = None

    def show(self, event: Progress) -> None:
        """Show how far the work is."""
        if not event.total:
            return
        if self._bar is None:
            self._bar = _Bar(
                total=event.total, desc=event.text, cancel_callback=self._cancel, initial=event.done
            )
        bar = self._bar
        bar.update(event.done - bar.n)

    def close(self) -> None:
        """Take the bar away."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()
