"""Ahead: encodes tiles before a click needs them, around the view or in the whole image."""

from collections.abc import Callable, Sequence
from threading import Event as Flag
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.events import Event as LayerEvent
from qtpy.QtCore import QTimer
from superqt.utils import QSignalDebouncer

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.view.viewport import read_viewport, shown_by
from napari_sam.plugin.worker.activity import Activity
from napari_sam.plugin.worker.encode_ahead import AheadRequest
from napari_sam.plugin.worker.events import Event, Progress, Ready
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.worker.tile_order import Viewport
from napari_sam.plugin.workspace import Workspace
from napari_sam.tiles.grid import Tile

from .ahead_box import AheadBox
from .ready_area import NO_LINES, outline
from .ready_layer import ReadyLayer
from .ready_tiles import ReadyTiles

_REST = 300
"""Milliseconds without a move of the view before its tiles are encoded."""

_DRAW_DELAY = 100
"""Milliseconds from a change to the drawing of the ready tiles' outline."""

_INPUT_EVENTS = ("contrast_limits", "colormap", "data")
"""Events of Image layers that change the input of the model, so that encoded tiles are stale."""


class Ahead:
    """Encodes tiles while the user is idle, and keeps the list of tiles that are ready.

    Parameters
    ----------
    desk : Desk
        Worker, settings and image in use.
    viewer : napari.Viewer
        Its camera and sliders tell the visible part of the image.
    box : AheadBox
        The check box for encoding the whole image.
    """

    def __init__(self, desk: Desk, viewer: ViewerModel, box: AheadBox) -> None:
        self._desk, self._viewer, self._box = desk, viewer, box
        self._rested = QSignalDebouncer()  # without a parent: it is stopped after the dock is gone
        self._rested.setTimeout(_REST)
        self._rested.triggered.connect(self.encode)
        self._draw_timer = _draw_timer(self._draw)
        self._activity = Activity(desk.cancel)
        self._job: Job | None = None
        self._all_encoded = False
        self._model_is_ready = False
        self._work: Workspace | None = None
        self._layer: ReadyLayer | None = None
        self._view: Viewport | None = None
        self._visible: tuple[Any, ...] = ()
        self._encoded_source: ImageSource | None = None
        self._ready = ReadyTiles()
        self._images: Sequence[Image] = ()
        self._moves = [
            *(getattr(viewer.scene.camera.events, name) for name in ("center", "zoom")),
            *(getattr(viewer.dims.events, name) for name in ("point", "ndisplay", "order")),
        ]
        box.everything_changed.connect(self._everything_changed)

    # --- called by the controller ------------------------------------------------------------

    def use(self, work: Workspace) -> None:
        """Encode an image ahead from now on."""
        self._work, self._view, self._visible = work, None, shown_by(self._viewer)
        self._layer = ReadyLayer(
            self._viewer, work.image, max(1.0, max(work.source.plane_size) / 500)
        )
        if self._desk.settings.prefetch:
            self._layer.make()
        for event in self._moves:
            event.connect(self._view_moved)
        self._rested.throttle()

    def leave(self) -> None:
        """Stop encoding the image, and remove its outline."""
        layer = self._layer
        self.let_go()
        if layer is not None:
            self._rested.cancel()
            self._draw_timer.stop()
            layer.remove()
            self._box.show_everything(False)

    def let_go(self) -> None:
        """Stop encoding: the part of :meth:`leave` that works without widgets and layers."""
        if self._work is None or self._layer is None:
            return
        self._stop()
        for event in self._moves:
            event.disconnect(self._view_moved)
        self._layer.let_go()
        self._work = self._layer = self._encoded_source = None
        self._ready.clear()

    def watch(self, images: Sequence[Image]) -> None:
        """Listen to changes of Image layers: the model may get several layers as one image."""
        for image in self._images:
            for name in _INPUT_EVENTS:
                getattr(image.events, name).disconnect(self._input_changed)
        self._images = list(images)
        for image in self._images:
            for name in _INPUT_EVENTS:
                getattr(image.events, name).connect(self._input_changed)

    def model_changed(self) -> None:
        """Forget the tiles that the model before has encoded, and encode anew."""
        self._model_is_ready = True
        self._ready.clear()
        self._draw_timer.start()
        self._rested.throttle()

    def note(self, event: Ready) -> None:
        """Add the tiles of a worker event to the ready tiles, and draw their outline."""
        if self._work is None:
            return
        self._ready.add(event)
        if not self._draw_timer.isActive():
            self._draw_timer.start()

    def clicked(self) -> None:
        """After a click, encode anew if the image has changed since it was encoded."""
        if self._work is not None and not self._work.source.same_view(self._encoded_source):
            self._rested.throttle()
            self._draw_timer.start()

    def cancelled(self) -> None:
        """Stop encoding when the user cancels all work."""
        self._stop()
        self._box.show_everything(False)

    def ready(self, source: ImageSource) -> list[Tile]:
        """Tiles with embeddings: clicks in them are answered at once."""
        return [tile for tiles in self._ready.planes(source).values() for tile in tiles]

    # --- encoding ----------------------------------------------------------------------------

    def encode(self) -> None:
        """Encode the tiles around the view now, then the whole image if its box is checked."""
        work = self._work
        if work is None or not self._model_is_ready:
            return  # `_work` is None without an image, and in a timer that outlives the dock
        settings, everything = self._desk.settings, self._box.everything.isChecked()
        if not (settings.prefetch or everything):
            return
        source = self._source()
        view = None if source is None else read_viewport(self._viewer, work.image, source)
        if source is None or view is None:
            return  # in 3D, or from the side, clicks are refused
        self._view = view if self._view is None else self._view.moved_to(view.plane, view.bbox)
        self._encoded_source = source
        self._ready.forget_others(source)
        everything = everything and not self._ready.all_done(source)
        self._drop_job()
        if not everything:
            self._activity.close()
        if everything or settings.prefetch:
            self._submit(source, self._view, everything)

    def _submit(self, source: ImageSource, view: Viewport, everything: bool) -> None:
        self._all_encoded, give_up = False, Flag()
        request = AheadRequest(view, everything, self.ready(source), give_up)
        steps = self._desk.engine.ahead(self._desk.settings, source, request)

        def finish() -> None:
            self._activity.close()
            self._job = None
            if everything and (version := self._ready.version(source)):
                version.all_done = True
            if self._all_encoded:
                self._desk.report("The whole image is prepared: clicks are answered at once.")

        self._job = Job(
            steps,
            self._receive,
            finish,
            self._failed,
            priority=Priority.AHEAD,
            quiet=not everything,
            give_up=give_up,
        )
        self._desk.runner.submit(self._job)

    def _receive(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._all_encoded = event.done == event.total > 0
            self._activity.show(event)
        self._desk.receive(event)

    def _failed(self) -> None:
        """Uncheck the box after another part dropped the job or it failed: no retry by itself."""
        if self._job is not None:
            self._job = None
            self._activity.close()
            self._box.show_everything(False)

    def _stop(self) -> None:
        self._drop_job()
        self._activity.close()

    def _drop_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            self._desk.runner.drop(job)

    # --- events ------------------------------------------------------------------------------

    def _everything_changed(self, on: bool) -> None:
        self._stop()
        if on and self._layer is not None:
            self._layer.make()
        self.encode()

    def _view_moved(self, event: LayerEvent | None = None) -> None:
        # napari also sends these events when a layer changes, as the outline does: no move then.
        before, self._visible = self._visible, shown_by(self._viewer)
        if self._visible == before:
            return
        self._rested.throttle()
        self._draw_timer.start()

    def _input_changed(self, event: LayerEvent | None = None) -> None:
        # While the user drags a slider nothing is encoded: the next click or move starts it.
        source = self._source()
        if source is not None and not source.same_view(self._encoded_source):
            self._stop()
        self._draw_timer.start()

    def _source(self) -> ImageSource | None:
        work = self._work
        return None if work is None else self._desk.read_image(work.image, aloud=False)

    def _draw(self) -> None:
        work, layer, source = self._work, self._layer, self._source()
        if work is None or layer is None or source is None:
            return
        view = read_viewport(self._viewer, work.image, source)
        if view is None:
            return
        version = self._ready.version(source)
        tiles = version.planes.get(view.plane, ()) if version else ()
        lines = outline(version.grid, {(t.row, t.col) for t in tiles}) if version else NO_LINES
        layer.show(source.to_leading(view.plane), lines)


def _draw_timer(draw: Callable[[], None]) -> QTimer:
    """A timer, as superqt has none that moves restart but tiles do not.

    Its debouncer, restarted by each ready tile, would draw nothing while tiles keep coming; its
    throttler would draw while the view moves.
    """
    timer = QTimer()  # without a parent: it is stopped after the dock is gone
    timer.setSingleShot(True)
    timer.setInterval(_DRAW_DELAY)
    timer.timeout.connect(draw)
    return timer
