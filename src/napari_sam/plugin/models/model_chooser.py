"""ModelChooser: the choice of the model; a new model takes over when loaded."""

from collections.abc import Callable
from dataclasses import replace

from psygnal import Signal

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.settings import Settings, read_settings, remember_model, same_name
from napari_sam.plugin.status.dock_state import ModelState
from napari_sam.plugin.worker.events import Downloading, Event, ModelReady
from napari_sam.plugin.worker.jobs import Job, JobRunner
from napari_sam.plugin.worker.prepare import prepare

from .model_list import ListedModel, Model, index_of, list_models
from .model_row import ModelRow

BEFORE_LOADING = 100
"""Milliseconds for the first drawing of the dock, before torch is imported in the worker thread:
both need the interpreter, so the window would stay blank longer."""


class ModelChooser:
    """Lists the models, fetches the user's choice, and gives the loaded model to the worker.

    The new model is downloaded and loaded in a second worker, while the old model answers clicks.
    If the download fails or the user cancels, the old model stays.

    Parameters
    ----------
    desk : Desk
        The worker; shows errors to the user.
    row : ModelRow
        The list of models in the dock.
    show_progress : callable
        Shows a text, the number of steps that are done, and of all; see
        :meth:`SamDock.show_progress`.
    fixed : Settings or None
        Settings from a script, used instead of napari's preferences.
    ask_again : callable
        Asks the model anew for the objects under way.

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
        fixed: Settings | None,
        ask_again: Callable[[], None],
    ) -> None:
        self._desk, self._row, self._fixed = desk, row, fixed
        self._show_progress, self._ask_again = show_progress, ask_again
        self._listed: list[ListedModel] = []
        self._earlier: list[Model] = []
        self._ready: ModelReady | None = None  # loaded after a choice in the dock
        self._chosen: Model | None = None  # as the user chose it in the dock
        self._preferred: Model | None = None  # as the preferences had it after that choice
        self._coming: Model | None = None
        self._runner: JobRunner | None = None
        self._answering = ""

    @property
    def busy(self) -> bool:
        """Whether a model is being downloaded or loaded."""
        return self._runner is not None

    @property
    def state(self) -> ModelState:
        """Whether a model answers clicks now."""
        if self._answering:
            return ModelState.READY
        return ModelState.LOADING if self.busy or self._desk.runner.busy else ModelState.MISSING

    @property
    def settings(self) -> Settings:
        """The preferences, with the loaded model of the user's choice in the dock."""
        settings = self._fixed or read_settings()
        if self._ready is None or settings.model != self._preferred:
            return settings  # the user has changed the model in the preferences since
        return replace(settings, model=self._ready.model, name=self._ready.name)

    @property
    def current(self) -> Model:
        """The model for clicks now, as chosen by the user: name, path or model."""
        model = self.settings.model
        if self._chosen is not None and self._ready is not None and model is self._ready.model:
            return self._chosen
        return same_name(model)

    def load_first(self) -> None:
        """Load the model that the dock opens with, as soon as the dock is drawn."""
        self._desk.runner.pause(BEFORE_LOADING)
        self._load()

    # --- actions of the user -----------------------------------------------------------------

    def list(self) -> None:
        """List the models on this machine and in the catalogue, in the dock."""
        current = self.current
        self._listed = list_models(current, self._coming, self._earlier)
        chosen = index_of(current if self._coming is None else self._coming, self._listed)
        entries = [(entry.text, entry.tip) for entry in self._listed]
        self._row.show_models(entries, -1 if chosen is None else chosen)

    def choose(self, index: int) -> None:
        """Fetch the model at an index of the list; -1 asks for a file of weights."""
        model = self._row.ask_weights_file() if index < 0 else self._listed[index].model
        if model is not None and model != self._coming:
            self._forget()
            if model != self.current or not self._answering:
                self._fetch(model)
        self.refresh()

    def cancel(self) -> None:
        """Stop fetching a model; a partial download is kept for the next time."""
        self._forget()
        self.refresh()

    def stop(self) -> None:
        """Stop fetching a model without a change of the dock, which is closing."""
        self._forget()

    # --- events of the worker ----------------------------------------------------------------

    def show(self, event: Downloading | ModelReady) -> None:
        """Show the progress of a download, or the model for clicks from now on."""
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
        """Show the list, and the present model or the loading."""
        self.list()
        self._row.show_model("Loading the model" if self.busy else self._answering)
        self.busy_changed.emit()

    def _fetch(self, model: Model) -> None:
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
        chosen = ready.model if self._coming is None else self._coming
        self._ready, self._chosen, self._coming, self._runner = ready, chosen, None, None
        if self._fixed is None:
            remember_model(chosen)
        self._preferred = (self._fixed or read_settings()).model
        self._load()
        self._ask_again()
        self.refresh()

    def _load(self) -> None:
        engine = self._desk.engine
        self._desk.runner.submit(Job(engine.load(self.settings), self._desk.receive))

    def _forget(self) -> None:
        if self._runner is not None:
            self._runner.cancel()
        self._coming = self._runner = None
