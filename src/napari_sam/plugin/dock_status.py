"""DockStatus: status line, buttons, keys and clicks of the dock, all by the state of the dock."""

from collections.abc import Callable

from napari.components import ViewerModel

from napari_sam.plugin.clicks.bindings import Bindings
from napari_sam.plugin.clicks.canvas_clicks import CanvasClicks
from napari_sam.plugin.dock.dock import SamDock
from napari_sam.plugin.status.status import Status
from napari_sam.plugin.status.status_line import StatusLine
from napari_sam.plugin.widgets.soon import Soon

from .state_reader import StateReader
from .state_watch import StateWatch


class DockStatus:
    """Shows the status in the dock, and renews it after events of napari and of the desk.

    Parameters
    ----------
    reader : StateReader
        Reads the state.
    dock : SamDock
        Shows line and buttons.
    run : callable
        Runs an action by its name; see :meth:`Actions.run`.

    Attributes
    ----------
    bindings : Bindings
        The keys, on the viewer and on the layers of the dock.
    watch : StateWatch
        Listens to viewer and history.
    """

    def __init__(self, reader: StateReader, dock: SamDock, run: Callable[[str], None]) -> None:
        self._viewer: ViewerModel = reader.viewer
        self._dock, desk = dock, reader.desk
        self._line = StatusLine(reader.read)
        self._renew_soon = Soon(self._line.renew, dock)
        self._clicks = CanvasClicks(
            desk,
            reader.viewer,
            allowed=lambda: "click" not in self.now.unavailable,
            picking=lambda: reader.pick_up.armed or desk.draws_strokes,
        )
        self.watch = StateWatch(reader.viewer, desk.renew)
        self.bindings = Bindings(run)
        self.bindings.bind_viewer(reader.viewer)
        desk.status_changed.connect(self._line.tell)
        desk.reported.connect(self._line.report)
        desk.acted.connect(self._line.begin_action)
        desk.state_changed.connect(self._renew_soon.start)
        self._line.changed.connect(self._show)

    @property
    def now(self) -> Status:
        """The status of the present state."""
        return self._line.status

    def _show(self, text: str, status: Status) -> None:
        self._dock.show_status(text)
        self._dock.show_available(status)

    def stop(self) -> None:
        """Renew the dock no longer: it is going."""
        self._renew_soon.stop()

    def let_go(self) -> None:
        """Leave no keys, and touch no widget any more."""
        self._line.changed.disconnect()
        self.bindings.release_all()

    def close(self) -> None:
        """Listen to the viewer no longer."""
        self.watch.close()
        self._clicks.close()
