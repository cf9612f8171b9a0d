"""ModelChooser: which model answers; another one is fetched beside it and takes over when ready."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from psygnal import Signal

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.settings import Settings, read_settings, remember_model, same_name
from napari_sam.plugin.worker.events import Downloading, Event, ModelReady
from napari_sam.plugin.worker.jobs import Job, JobRunner
from napari_sam.plugin.worker.prepare import prepare

from .model_list import ListedModel, list_models, place_of
from .model_row import ModelRow


class ModelChooser:
    """The model that answers, and the one that the user wants instead.

    A model is downloaded and loaded in a worker of its own, while the model before goes on
    answering clicks. So if it cannot be had, or the user cancels, nothing has changed.

    Parameters
    ----------
    desk : Desk
        The controller.
    row : ModelRow
        The list of models in the dock.
    show_progress : callable
        Shows a text, the number of steps that are done, and of all; see
        :meth:`SamDock.show_progress`.
    given : Settings or None
        Instead of napari's preferences.
    ask_again : callable
        Lets the objects under way be asked of another model.

    Signals
    -------
    busy_changed
        :attr:`busy` may have changed.
    """

    busy_changed = Signal()

    def __init__(
        self,
        desk: Desk,
        row: ModelRow,
        show_progress: Callable[[str, int, int], None],
        given: Settings | None,
        ask_again: Callable[[], None],
    ) -> None:
        self._desk, self._row, self._given = desk, row, given
        self._show_progress, self._ask_again = show_progress, ask_again
        self._listed: list[ListedModel] = []
        self._earlier: list[Any] = []
        self._ready: ModelReady | None = None  # the one that was chosen here, if one was
        self._chosen: Any = None
        self._preferred: Any = None
        self._coming: Any = None
        self._runner: JobRunner | None = None
        self._answering = ""

    @property
    def busy(self) -> bool:
        """Whether a model is on its way."""
        return self._runner is not None

    @property
    def settings(self) -> Settings:
        """What the user chose, with the model that is ready."""
        settings = self._given or read_settings()
        if self._ready is None or settings.model != self._preferred:
            return settings  # as in the preferences, which may have been changed there
        return replace(settings, model=self._ready.model, name=self._ready.name)

    @property
    def current(self) -> Any:
        """The model that answers, as the user chose it: name, path or model."""
        model = self.settings.model
        chosen_here = self._ready is not None and model is self._ready.model
        return self._chosen if chosen_here else same_name(model)

    # --- what the user does ------------------------------------------------------------------

    def list(self) -> None:
        """Show the models that there are now."""
        current = self.current
        self._listed = list_models(current, self._coming, self._earlier)
        chosen = place_of(current if self._coming is None else self._coming, self._listed)
        entries = [(entry.text, entry.tip) for entry in self._listed]
        self._row.show_models(entries, -1 if chosen is None else chosen)

    def choose(self, index: int) -> None:
        """Change to the model at an index of the list; -1 to a file."""
        model = self._row.ask_weights_file() if index < 0 else self._listed[index].model
        if model is not None and model != self._coming:
            self._forget()
            if model != self.current or not self._answering:
                self._fetch(model)
        self.refresh()

    def cancel(self) -> None:
        """Stop fetching a model; what was downloaded stays for the next time."""
        self._forget()
        self.refresh()

    def stop(self) -> None:
        """Stop fetching a model, when there is nothing left to be shown."""
        self._forget()

    # --- what the worker says ----------------------------------------------------------------

    def show(self, event: Downloading | ModelReady) -> None:
        """Show how far a download is, or which model answers now."""
        if isinstance(event, ModelReady):
            self._answering = f"{event.name} on {event.device.upper()}"
            self._row.show_model(self._answering)
            self.list()
            return
        amount = f"{event.done} of {event.total}" if event.total else f"{event.done}"
        self._row.show_model(f"Downloading {event.name}: {amount} MB")
        if not self._desk.runner.busy:
            self._show_progress("", event.done, event.total)

    def refresh(self) -> None:
        """Show the list, and which model answers or is on its way."""
        self.list()
        self._row.show_model("Loading the model" if self.busy else self._answering)
        self.busy_changed.emit()

    def _fetch(self, model: Any) -> None:
        self._coming = model
        steps = prepare(replace(self.settings, model=model, name=""))
        self._runner = JobRunner()
        self._runner.failed.connect(self._failed)
        self._runner.submit(Job(steps, self._receive))

    def _receive(self, event: Event) -> None:
        if isinstance(event, ModelReady):
            self._use(event)
        elif isinstance(event, Downloading):
            self.show(event)
        else:
            self._row.show_model("Loading the model")

    def _failed(self, message: str) -> None:
        self._forget()
        self.refresh()
        self._desk.fail(message)

    def _use(self, ready: ModelReady) -> None:
        if self._answering:
            self._earlier.append(self.current)
        self._ready, self._chosen, self._coming, self._runner = ready, self._coming, None, None
        if self._given is None:
            remember_model(self._chosen)
        self._preferred = (self._given or read_settings()).model
        engine = self._desk.engine
        self._desk.runner.submit(Job(engine.load(self.settings), self._desk.receive))
        self._ask_again()
        self.refresh()

    def _forget(self) -> None:
        if self._runner is not None:
            self._runner.cancel()
        self._coming = self._runner = None
