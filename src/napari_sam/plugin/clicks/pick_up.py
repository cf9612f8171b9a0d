"""PickUp: a label under the cursor becomes an object under way, to be corrected; no Qt."""

from collections.abc import Callable, Iterator, Sequence

from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.events import Event

from napari_sam.image.volume import Plane
from napari_sam.labels.label_array import LabelArray
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.objects.held import Held, find_label
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.worker.events import Event as WorkerEvent
from napari_sam.plugin.worker.events import PickedUp
from napari_sam.plugin.worker.jobs import Job
from napari_sam.plugin.workspace import Workspace

from .label_under import label_elsewhere, label_under
from .receiver import PASSIVE

_NOTHING = "There is no label here: point at one in SAM labels and press Shift-J."


class PickUp:
    """Picks labels up with a key, or with the next click.

    Parameters
    ----------
    desk : Desk
        Has the workspace and the runner.
    viewer : napari.Viewer
        Has the cursor.
    hold : callable
        Begins an object that is a label.
    arm_shown : callable
        Shows whether the next click picks up.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        hold: Callable[[Held], None],
        arm_shown: Callable[[bool], None],
    ) -> None:
        self._desk, self._viewer, self._hold, self._arm_shown = desk, viewer, hold, arm_shown
        self._armed: tuple[Layer | None, str] | None = None  # selected layer, and its mode before

    @property
    def armed(self) -> bool:
        """Whether the next click picks up."""
        return self._armed is not None

    def under_cursor(self) -> None:
        """Pick up the label under the cursor."""
        self._at(self._viewer.cursor.position)

    def arm(self, armed: bool) -> None:
        """Let the next click pick up instead of adding a prompt, or not."""
        work, layer = self._desk.workspace, self._viewer.layers.selection.active
        if self._armed is not None:
            self.disarm()
        if armed and work is not None:
            self._armed = layer, PASSIVE if layer is None else layer.mode
            if layer is not None:
                layer.mode = PASSIVE
            self._viewer.mouse_drag_callbacks.append(self._click)
        self._desk.begin_action()
        self._desk.renew()
        self._arm_shown(self._armed is not None)

    def disarm(self) -> None:
        """Let clicks be clicks again."""
        if self._armed is None:
            return
        (layer, mode), self._armed = self._armed, None
        self._viewer.mouse_drag_callbacks.remove(self._click)
        # unless a tool was chosen meanwhile, or there is nothing to click in
        if layer is not None and layer.mode == PASSIVE and not obstacle(self._viewer.dims):
            layer.mode = mode
        self._arm_shown(False)
        self._desk.renew()

    def _click(self, viewer: ViewerModel, event: Event) -> Iterator[None]:
        armed, place = self._armed, event.position
        if armed is None or self._tool_chosen(armed[0]):
            self.disarm()
            return
        yield
        while event.type == "mouse_move":
            yield
        # Only after the release: in mode "add" before it, the layer would add this click.
        self.disarm()
        self._at(place)

    def _tool_chosen(self, layer: Layer | None) -> bool:
        """Whether a tool was chosen since the button was pressed."""
        active = self._viewer.layers.selection.active
        return any(each is not None and each.mode != PASSIVE for each in (layer, active))

    def _at(self, world: Sequence[float]) -> None:
        work = self._desk.workspace
        if work is None or work.labels is None:
            return
        if problem := obstacle(self._viewer.dims):
            self._desk.say(problem)
            return
        plane, label = label_under(work, world)
        if label:
            self._find(work, work.labels_layer.plain(), plane, label)
        else:
            self._desk.say(label_elsewhere(self._viewer, work, world) or _NOTHING)

    def _find(self, work: Workspace, labels: LabelArray, plane: Plane, label: int) -> None:
        def receive(event: WorkerEvent) -> None:
            if not isinstance(event, PickedUp):
                self._desk.receive(event)
            elif self._desk.workspace is work and event.masks:
                self._hold(Held(event.label, event.masks))

        self._desk.runner.submit(Job(find_label(labels, plane, label), receive))
