"""Prepare: download and load a model by name; no Qt, no napari."""

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING

from napari_sam.plugin.settings import Settings, display_name

from .events import Downloading, Event, ModelReady, Progress

if TYPE_CHECKING:
    from napari_sam.weights.download import DownloadStep

_TICK = 0.1
"""Seconds between two events of a download, and before a cancel is noticed."""

_MB = 1_000_000

# torch and all that it brings is imported inside the functions: this takes seconds, and this module
# is imported by the GUI thread.


def prepare(settings: Settings) -> Generator[Event, None, None]:
    """Load a model; missing weights are downloaded first.

    Parameters
    ----------
    settings : Settings
        Model and device.

    Yields
    ------
    Event
        The last one is a :class:`ModelReady`.

    Raises
    ------
    ModelError
        If there is no such model, it cannot be downloaded, or its file cannot be used.
    """
    yield Progress("Loading the model")
    from napari_sam.weights.load import best_device, load_model

    model, device = settings.model, settings.device or best_device()
    name = settings.name or display_name(model)
    if isinstance(model, str | Path):
        yield from _download(str(model), name)
        yield Progress("Loading the model")
        loaded = load_model(model, device, settings.precision)
    else:
        loaded = model.to(device)
    yield ModelReady(name, device, loaded.eval())


def _download(model: str, name: str) -> Iterator[Event]:
    from napari_sam.weights.load import fetch_model

    for step in _in_thread(fetch_model(model)):
        if step is None:
            yield Progress("Loading the model")
        else:
            yield Downloading(name, step.done // _MB, (step.total or 0) // _MB)


def _in_thread(steps: "Iterator[DownloadStep]") -> "Iterator[DownloadStep | None]":
    """The latest step of a download, ten times a second; None before the first step.

    A worker thread that is blocked by a silent server can neither be cancelled nor end with napari.
    So a daemon thread does the download, and the worker reads its latest step. After a cancel the
    daemon thread is not waited for: it stops at its next step, or with the program.
    """
    download = _Download(steps)
    download.start()
    try:
        while not download.ended.wait(_TICK):
            yield download.step
    finally:
        download.unwanted.set()
    if download.error is not None:
        raise download.error


class _Download(Thread):
    """Thread of a download; keeps the latest step."""

    def __init__(self, steps: "Iterator[DownloadStep]") -> None:
        super().__init__(name="napari-sam download", daemon=True)
        self.step: DownloadStep | None = None
        self.error: Exception | None = None
        self.unwanted, self.ended = Flag(), Flag()
        self._steps = steps

    def run(self) -> None:
        try:
            with closing(self._steps):  # type: ignore[type-var]
                for step in self._steps:
                    self.step = step
                    if self.unwanted.is_set():
                        break
        except Exception as error:
            self.error = error
        finally:
            self.ended.set()
