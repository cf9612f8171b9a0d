"""RemoveLabel: the label under the cursor is erased on all of its planes; no Qt."""

from collections.abc import Callable, Iterator, Sequence

from napari.components import ViewerModel
from napari.layers import Points, Shapes
from napari.utils.events import Event

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.worker.events import Event as WorkerEvent
from napari_sam.plugin.worker.events import LabelBoxes
from napari_sam.plugin.worker.jobs import Job
from napari_sam.plugin.worker.label_boxes import find_boxes
from napari_sam.plugin.workspace import Workspace

from .label_under import label_to_change

_MODIFIERS = {"Control", "Shift"}
"""Keys to hold for a click that removes: Shift alone is a background click, and Alt zooms."""

_NOTHING = "There is no label here: point at one in SAM labels and press Delete."


class RemoveLabel:
    """Removes labels by a key, or by a click with Ctrl and Shift held.

    Parameters
    ----------
    desk : Desk
        Has the workspace and the runner.
    viewer : napari.Viewer
        Has the cursor and the mouse.
    is_held : callable
        Whether a label is picked up, and being corrected.
    """

    def __init__(self, desk: Desk, viewer: ViewerModel, is_held: Callable[[int], bool]) -> None:
        self._desk, self._viewer, self._is_held = desk, viewer, is_held
        viewer.mouse_drag_callbacks.append(self._click)

    def close(self) -> None:
        """Watch the mouse no longer."""
        if self._click in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._click)

    def under_cursor(self) -> None:
        """Remove the label under the cursor; or the selected prompts, as napari's own key does."""
        active = self._viewer.layers.selection.active
        if isinstance(active, Points | Shapes) and active.selected_data:
            active.remove_selected()
        else:
            self._at(self._viewer.cursor.position)

    def _click(self, viewer: ViewerModel, event: Event) -> Iterator[None]:
        work, layer = self._desk.workspace, viewer.layers.selection.active
        if work is None or layer is None or not set(event.modifiers) >= _MODIFIERS:
            return
        place, mode = event.position, getattr(layer, "mode", "pan_zoom")
        if work.owns(layer):
            layer.mode = "pan_zoom"  # or the layer would add a click, or paint
        yield
        while event.type == "mouse_move":
            yield
        if work.owns(layer) and layer.mode == "pan_zoom":
            layer.mode = mode
        self._desk.begin_action()
        self._at(place)

    def _at(self, world: Sequence[float]) -> None:
        at_place = label_to_change(self._desk, self._viewer, world, _NOTHING)
        if at_place is None:
            return
        work, label = at_place
        if self._is_held(label):
            self._desk.say(
                f"Label {label} is being corrected: Enter puts it back, Escape leaves it as it was."
            )
        else:
            self._find(work, label)

    def _find(self, work: Workspace, label: int) -> None:
        def receive(event: WorkerEvent) -> None:
            if not isinstance(event, LabelBoxes):
                self._desk.receive(event)
            elif self._desk.workspace is work and event.boxes:
                self._erase(work, event)

        self._desk.runner.submit(Job(find_boxes(work.labels_layer.plain(), label), receive))

    def _erase(self, work: Workspace, places: LabelBoxes) -> None:
        """Erase a label as a single step of undo, in the journal as any other change."""
        with work.history.one_action(text=f"the removal of label {places.label}"):
            if places.label in work.ratings.of_label:
                work.ratings.reshape((), (places.label,))
            work.writer.erase(places.label, places.boxes)
        work.ratings.show()
        where = f" from {len(places.boxes)} slices" if len(places.boxes) > 1 else ""
        self._desk.say(f"Removed label {places.label}{where}; Ctrl-Z brings it back.")
