"""Desk: the worker, the image in use and the status line, shared by all parts; no Qt."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.notifications import show_error
from psygnal import Signal

from napari_sam.errors import ImageError
from napari_sam.plugin.image.composite import Composite
from napari_sam.plugin.image.image_source import ImageSource, read_image_layer
from napari_sam.plugin.image.sight import why_unseen
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.worker.events import Event
from napari_sam.plugin.worker.jobs import JobRunner
from napari_sam.plugin.worker.learning_engine import LearningEngine

from .settings import Settings
from .workspace import Workspace


class Desk:
    """The worker, the image in use, the user's choices, and the signals for the status line.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    settings : callable
        napari's preferences for the plugin, now.
    acceptance : callable
        How objects become labels, now.
    auto_contrast : callable
        Whether the model sees automatic contrast, and not the layer's contrast limits.

    Attributes
    ----------
    engine : LearningEngine
        The model and the session.
    runner : JobRunner
        Runs the engine's steps in a worker thread.
    workspace : Workspace or None
        The image in use, with its layers.
    composite : Composite
        Channels and layers that the model sees besides the image.
    draws_strokes : bool
        Whether the mouse draws strokes over labels, so that a press is no click.

    Signals
    -------
    status_changed : str
        Outcome of an action, a line for the user.
    reported : str
        News of work in the background, a line for the user.
    acted
        The user begins another action.
    state_changed
        What the dock offers may have changed.
    cancel_wanted
        Stop all work.
    """

    status_changed = Signal(str)
    reported = Signal(str)
    acted = Signal()
    state_changed = Signal()
    cancel_wanted = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        settings: Callable[[], Settings],
        acceptance: Callable[[], Acceptance],
        auto_contrast: Callable[[], bool],
    ) -> None:
        self._viewer, self._settings = viewer, settings
        self._acceptance, self._auto_contrast = acceptance, auto_contrast
        self.engine, self.runner = LearningEngine(), JobRunner()
        self.composite = Composite()
        self.workspace: Workspace | None = None
        self.draws_strokes = False
        self._listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)
        self._closed = False

    @property
    def settings(self) -> Settings:
        """The user's preferences for the plugin, now."""
        return self._settings()

    @property
    def acceptance(self) -> Acceptance:
        """How objects become labels, now."""
        return self._acceptance()

    # --- the image ---------------------------------------------------------------------------

    def read_image(self, image: Image, aloud: bool = True) -> ImageSource | None:
        """Read how an image looks now; None for an image with too many axes.

        Parameters
        ----------
        image : napari.layers.Image
            The image.
        aloud : bool
            Whether to tell the user the reason for None.
        """
        try:
            source = read_image_layer(image, self._viewer.dims.point, self._auto_contrast())
            return self.composite.complete(source, image, self._viewer.layers)
        except ImageError as error:
            if aloud:
                self.fail(str(error))
            return None

    def look(self, aloud: bool = True) -> Workspace | None:
        """Workspace with a fresh :attr:`Workspace.source`; None without a usable image."""
        work = self.workspace
        source = None if work is None else self.read_image(work.image, aloud)
        if work is None or source is None:
            return None
        work.source = source
        return work

    def why_unseen(self, world: Sequence[float]) -> str:
        """Reason why the user does not see the image in use at a position; empty where it is seen.

        Parameters
        ----------
        world : sequence of float
            The position, in the world.
        """
        image = None if self.workspace is None else self.workspace.image
        if image is None:
            return ""
        beside = self.composite.layers_beside(image, self._viewer.layers)
        return why_unseen(self._viewer, image, world, beside)

    # --- events of the worker ----------------------------------------------------------------

    def listen(self, kind: type[Event], listener: Callable[[Any], None]) -> None:
        """Call a function for each received event of a kind."""
        self._listeners[kind].append(listener)

    def receive(self, event: Event) -> None:
        """Hand an event of the worker to the listeners for the kind of event."""
        if not self._closed:
            for listener in self._listeners[type(event)]:
                listener(event)

    # --- the user ----------------------------------------------------------------------------

    def begin_action(self) -> None:
        """Note that the user begins another action: the last outcome is over."""
        if not self._closed:
            self.acted.emit()

    def say(self, text: str) -> None:
        """Show the outcome of an action, until the user begins another one."""
        if not self._closed:
            self.status_changed.emit(text)

    def report(self, text: str) -> None:
        """Show news of work in the background, unless the outcome of an action is shown."""
        if not self._closed:
            self.reported.emit(text)

    def renew(self) -> None:
        """Have the state of the dock read again after the events at hand."""
        if not self._closed:
            self.state_changed.emit()

    def fail(self, message: str) -> None:
        """Show an error in the dock, and as a notification of napari."""
        self.say(message)
        show_error(message)

    def cancel(self) -> None:
        """Stop all work."""
        if not self._closed:
            self.cancel_wanted.emit()

    @property
    def closed(self) -> bool:
        """Whether the dock is gone, and nothing can be shown any more."""
        return self._closed

    def close(self) -> None:
        """Show nothing any more: the dock is gone."""
        self._closed = True
