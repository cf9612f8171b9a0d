"""Ahead: tiles are encoded before they are clicked on, around the view or everywhere."""

from collections.abc import Sequence
from threading import Event as Flag
from typing import Any

from qtpy.QtCore import QTimer

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.view.viewport import read_viewport, shown_by
from napari_sam.plugin.worker.activity import Activity
from napari_sam.plugin.worker.encode_ahead import AheadRequest
from napari_sam.plugin.worker.events import Progress, Ready
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.worker.tile_order import Viewport
from napari_sam.plugin.workspace import Workspace
from napari_sam.tiles.grid import Tile

from .ahead_box import AheadBox
from .ready_area import NOTHING, outline
from .ready_layer import ReadyLayer
from .ready_tiles import ReadyTiles

_REST = 300
"""Milliseconds for which the view must rest: one that is passed through is not looked at."""

_DRAWN_EVERY = 100
"""Milliseconds between two outlines of what is ready."""

_CHANGES = ("contrast_limits", "colormap", "data")
"""Events of Image layers after which the model may see something else."""


class Ahead:
    """Encodes while the user does something else; remembers where clicks are answered at once.

    Parameters
    ----------
    desk : Desk
        The controller.
    viewer : napari.Viewer
        Says what is on the screen.
    box : AheadBox
        Says whether to encode everything.
    """

    def __init__(self, desk: Desk, viewer: Any, box: AheadBox) -> None:
        self._desk, self._viewer, self._box = desk, viewer, box
        self._rest = _timer(_REST, self.look)
        self._draw_soon = _timer(_DRAWN_EVERY, self._draw)
        self._activity = Activity(desk.cancel)
        self._job: Job | None = None
        self._whole = False
        self._model_is_ready = False
        self._work: Workspace | None = None
        self._layer: ReadyLayer | None = None
        self._view: Viewport | None = None
        self._shown: tuple[Any, ...] = ()
        self._looked_at: ImageSource | None = None
        self._ready = ReadyTiles()
        self._images: Sequence[Any] = ()
        self._moves = [
            *(getattr(viewer.scene.camera.events, name) for name in ("center", "zoom")),
            *(getattr(viewer.dims.events, name) for name in ("point", "ndisplay", "order")),
        ]
        box.everything_changed.connect(self._everything_changed)

    # --- what the controller says ------------------------------------------------------------

    def use(self, work: Workspace) -> None:
        """Look at an image from now on."""
        self._work, self._view, self._shown = work, None, shown_by(self._viewer)
        self._layer = ReadyLayer(
            self._viewer, work.image, max(1.0, max(work.source.plane_size) / 500)
        )
        if self._desk.settings.prefetch:
            self._layer.make()
        for event in self._moves:
            event.connect(self._view_moved)
        self._rest.start()

    def leave(self) -> None:
        """Leave the image; nothing of it is encoded any more."""
        layer = self._layer
        self.let_go()
        if layer is not None:
            self._rest.stop()
            self._draw_soon.stop()
            layer.remove()
            self._box.show_everything(False)

    def let_go(self) -> None:
        """The part of :meth:`leave` that needs neither widgets nor layers."""
        if self._work is None or self._layer is None:
            return
        self._stop()
        for event in self._moves:
            event.disconnect(self._view_moved)
        self._layer.let_go()
        self._work = self._layer = self._looked_at = None
        self._ready.clear()

    def watch(self, images: Sequence[Any]) -> None:
        """Notice when Image layers look different: the model may see several of them together."""
        for image in self._images:
            for name in _CHANGES:
                getattr(image.events, name).disconnect(self._look_changed)
        self._images = list(images)
        for image in self._images:
            for name in _CHANGES:
                getattr(image.events, name).connect(self._look_changed)

    def model_changed(self) -> None:
        """Another model answers now: it has seen nothing yet."""
        self._model_is_ready = True
        self._ready.clear()
        self._draw_soon.start()
        self._rest.start()

    def note(self, event: Ready) -> None:
        """Remember which tiles are ready."""
        if self._work is None:
            return
        self._ready.add(event)
        if not self._draw_soon.isActive():
            self._draw_soon.start()

    def clicked(self) -> None:
        """The user asks the model: what was stale is looked at anew from now on."""
        if self._work is not None and not self._work.source.same_view(self._looked_at):
            self._rest.start()
            self._draw_soon.start()

    def cancelled(self) -> None:
        """The user has cancelled all work."""
        self._stop()
        self._box.show_everything(False)

    def ready(self, source: ImageSource) -> list[Tile]:
        """Tiles in which clicks are answered at once, as far as is known."""
        return [tile for tiles in self._ready.planes(source).values() for tile in tiles]

    # --- encoding ----------------------------------------------------------------------------

    def look(self) -> None:
        """Encode what is around the view now, and then everything if that is wanted."""
        work = self._work
        if work is None or not self._model_is_ready:
            return  # the dock may be gone, too: its timers are not
        settings, everything = self._desk.settings, self._box.everything.isChecked()
        if not (settings.prefetch or everything):
            return
        source = self._source()
        now = None if source is None else read_viewport(self._viewer, work.image, source)
        if source is None or now is None:
            return  # 3D, or seen from the side: nobody clicks there
        self._view = now if self._view is None else self._view.moved_to(now.plane, now.bbox)
        self._looked_at = source
        self._ready.forget_others(source)
        everything = everything and not self._ready.all_done(source)
        self._drop_job()
        if not everything:
            self._activity.close()
        if everything or settings.prefetch:
            self._submit(source, self._view, everything)

    def _submit(self, source: ImageSource, view: Viewport, everything: bool) -> None:
        self._whole, give_up = False, Flag()
        request = AheadRequest(view, everything, self.ready(source), give_up)
        steps = self._desk.engine.ahead(self._desk.settings, source, request)

        def finish() -> None:
            self._activity.close()
            self._job = None
            if everything and (look := self._ready.look(source)):
                look.all_done = True
            if self._whole:
                self._desk.say("Everything is encoded: clicks are answered at once.")

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

    def _receive(self, event: Any) -> None:
        if isinstance(event, Progress):
            self._whole = event.done == event.total > 0
            self._activity.show(event)
        self._desk.receive(event)

    def _failed(self) -> None:
        """Dropped by someone else, or ended by a fault: not to be begun again by itself."""
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
        self.look()

    def _view_moved(self, event: Any = None) -> None:
        # napari sends these events also when a layer changes, as ours does: nothing has moved then.
        before, self._shown = self._shown, shown_by(self._viewer)
        if self._shown == before:
            return
        self._rest.start()
        self._draw_soon.start()

    def _look_changed(self, event: Any = None) -> None:
        # Nothing is computed under the user's hands: the next click or move of the view does that.
        source = self._source()
        if source is not None and not source.same_view(self._looked_at):
            self._stop()
        self._draw_soon.start()

    def _source(self) -> ImageSource | None:
        work = self._work
        return None if work is None else self._desk.read_image(work.image, aloud=False)

    def _draw(self) -> None:
        work, layer, source = self._work, self._layer, self._source()
        if work is None or layer is None or source is None:
            return
        now = read_viewport(self._viewer, work.image, source)
        if now is None:
            return
        look = self._ready.look(source)
        tiles = look.planes.get(now.plane, ()) if look else ()
        lines = outline(look.grid, {(t.row, t.col) for t in tiles}) if look else NOTHING
        layer.show(source.to_leading(now.plane), lines)


def _timer(interval: int, call: Any) -> QTimer:
    timer = QTimer()  # nobody's child: it is stopped also when the dock is gone already
    timer.setSingleShot(True)
    timer.setInterval(interval)
    timer.timeout.connect(call)
    return timer
