"""Controller: what happens on a click, a key or a button."""

from collections.abc import Sequence
from typing import Any

from napari.utils import progress as activity
from napari.utils.notifications import show_error, show_warning
from qtpy.QtCore import QTimer

from napari_sam.errors import ImageError, NapariSamError
from napari_sam.masks.mask import Mask

from .bindings import Bindings
from .dock import BOX, SamDock
from .engine import Answer, Engine, ModelReady, PlaneObjects, Progress, Warned
from .jobs import Job, JobRunner
from .layers import BACKGROUND, FOREGROUND, ImageSource, image_layers, read_image_layer
from .prompt_layers import FoundPrompts, read_prompts
from .settings import Settings, read_settings
from .workspace import Workspace

Plane = tuple[int, ...]

_FIRST_HINT = "Click on an object."
_NO_IMAGE = "There is no image layer: open an image, or File > Open Sample > SAM."


class Controller:
    """Ties the dock, the viewer's layers and the worker together.

    Parameters
    ----------
    viewer : napari.Viewer
        As napari gives it to a plugin.
    dock : SamDock
        The widgets.
    settings : Settings, optional
        Instead of napari's preferences.
    """

    def __init__(self, viewer: Any, dock: SamDock, settings: Settings | None = None) -> None:
        self.viewer, self.dock, self._settings = viewer, dock, settings
        self.engine, self.runner = Engine(), JobRunner()
        self.workspace: Workspace | None = None
        self.masks: dict[Plane, Mask] = {}
        self._answered: dict[Plane, tuple[Any, ...]] = {}
        self._wanted: dict[Plane, tuple[Any, ...]] = {}
        self._tool = FOREGROUND
        self._drawing = self._quiet = self._closed = False
        self._images: list[Any] = []
        self._adopted: list[Any] = []
        self._activity: Any = None
        self._found = 0
        self.bindings = Bindings(
            {
                "Q": self.swap_polarity,
                "W": self.swap_tool,
                "Enter": self.accept,
                "Escape": self.drop,
                "U": self.undo,
            }
        )
        self._prompts_timer = self._timer(self.read_prompts)
        self._images_timer = self._timer(self.list_images)
        self._connect()
        self.runner.submit(Job(self.engine.load(self.settings), self._receive))
        self.list_images()

    @property
    def settings(self) -> Settings:
        """What the user chose, now."""
        return self._settings or read_settings()

    # --- image -------------------------------------------------------------------------------

    def list_images(self) -> None:
        """Show the Image layers in the dock, and keep or choose one."""
        found = image_layers(self.viewer.layers)
        for layer in self._images:
            layer.events.name.disconnect(self._later_images)
        self._images = found
        for layer in found:
            layer.events.name.connect(self._later_images)
        current = self.workspace.image if self.workspace else None
        if current is None or current not in found:
            active = self.viewer.layers.selection.active
            chosen = active if active in found else (found[0] if found else None)
            self.use_image(chosen)
        chosen = self.workspace.image if self.workspace else None
        names = [layer.name for layer in found]
        self.dock.show_images(names, found.index(chosen) if chosen in found else -1)

    def choose_image(self, index: int) -> None:
        """Use the image at an index of the list in the dock."""
        if 0 <= index < len(self._images):
            self.use_image(self._images[index])

    def use_image(self, image: Any) -> None:
        """Put prompt, preview and labels layers around an image; None for no image."""
        if self.workspace is not None and image is not None and self.workspace.image == image:
            return
        dropped = self._leave_image()
        if image is None:
            self._say(_NO_IMAGE)
            return
        try:
            source = self._read_image(image)
        except ImageError as error:
            self._fail(str(error))
            return
        self.workspace = Workspace(self.viewer, image, source, self._adopt)
        self.dock.show_stack(len(source.layer_axes.replace("C", "")) > 2)
        self.choose_tool(FOREGROUND)
        self._say(f"{dropped}{_FIRST_HINT}")
        self._prompts_timer.start()

    def _leave_image(self) -> str:
        if self.workspace is None:
            return ""
        unfinished = bool(self.masks or self._wanted)
        name = self.workspace.image.name
        self.runner.cancel()
        self._end_activity()
        self._forget_object()
        for layer in list(self._adopted):
            self._release(layer)
        self.workspace.close()
        self.workspace = None
        return f"The object in {name} was not accepted. " if unfinished else ""

    def _read_image(self, image: Any) -> ImageSource:
        world = self.viewer.dims.point
        return read_image_layer(image, world, self.dock.auto_contrast.isChecked())

    def change_contrast(self, automatic: bool) -> None:
        """Predict again, with what the model sees now."""
        self._answered.clear()
        self._prompts_timer.start()

    # --- tools -------------------------------------------------------------------------------

    def choose_tool(self, tool: str) -> None:
        """Let the next click be an object click, a background click or a box."""
        if self.workspace is None:
            return
        self._tool = tool
        self.workspace.ensure_prompt_layers()
        if tool == BOX:
            layer, mode = self.workspace.shapes, "add_rectangle"
        else:
            layer, mode = self.workspace.points, "add"
            self.workspace.set_polarity(tool)
        self.viewer.layers.selection.active = layer
        layer.mode = mode
        self.dock.show_tool(tool)

    def swap_polarity(self) -> None:
        """From object to background clicks and back."""
        if self.workspace is not None:
            background = self._tool != BOX and self.workspace.polarity == BACKGROUND
            target = FOREGROUND if background or self._tool == BOX else BACKGROUND
            self.choose_tool(target)

    def swap_tool(self) -> None:
        """From clicks to boxes and back."""
        if self.workspace is not None:
            self.choose_tool(self.workspace.polarity if self._tool == BOX else BOX)

    # --- prompts -> masks --------------------------------------------------------------------

    def read_prompts(self) -> None:
        """Ask for masks on the planes whose prompts changed."""
        if self.workspace is None or self._drawing:
            return
        work = self.workspace
        try:
            work.source = self._read_image(work.image)
        except ImageError as error:
            self._fail(str(error))
            return
        work.unselect_clicks()
        found = read_prompts(work.source, work.image, work.points, work.shapes)
        if found.problems:
            self._refuse(found)
            return
        self._forget_planes(found)
        wanted = {
            plane: (own.prompts, tuple(own.key))
            for plane, own in found.planes.items()
            if own.positive
        }
        self._wanted = {plane: key for plane, (_, key) in wanted.items()}
        todo = {p: v for p, v in wanted.items() if self._answered.get(p) != v[1]}
        self.runner.drop_replaceable()
        if todo:
            steps = self.engine.predict(self.settings, work.source, todo)
            self.runner.submit(Job(steps, self._receive, self._show_object, replaceable=True))
        elif found.planes and not wanted:
            self._say("Background only: click on the object too [Q].")
        self.dock.show_can_accept(bool(found.planes))

    def _refuse(self, found: FoundPrompts) -> None:
        """Take away what cannot be used, and say why; what is left is read again."""
        show_warning(found.problems[0])
        self._say(found.problems[0])
        if self.workspace is not None:
            self.workspace.remove_prompts(found.bad_points, found.bad_shapes)
        self._prompts_timer.start()

    def _forget_planes(self, found: FoundPrompts) -> None:
        """Drop masks of planes whose prompts are gone."""
        gone = [p for p in self.masks if p not in found.planes or not found.planes[p].positive]
        for plane in gone:
            del self.masks[plane]
            self._answered.pop(plane, None)
        if gone and self.workspace is not None:
            self.workspace.show(list(self.masks.values()))

    def _receive(self, event: Any) -> None:
        if self._closed:
            return
        if isinstance(event, Progress):
            self.dock.show_progress(event.text, event.done, event.total)
            self._show_activity(event)
        elif isinstance(event, ModelReady):
            self.dock.show_model(event.name, event.device)
        elif isinstance(event, Warned):
            show_warning(event.text)
        elif isinstance(event, PlaneObjects):
            self._accept_all(event)
        elif isinstance(event, Answer) and self.workspace is not None:
            self.masks[event.plane] = event.mask
            self._answered[event.plane] = event.key
            self.workspace.show(list(self.masks.values()))

    def _show_object(self) -> None:
        area = sum(mask.area for mask in self.masks.values())
        if not area:
            self._say("Nothing found here: click elsewhere on the object, or draw a box.")
        elif len(self.masks) > 1:
            self._say(
                f"One object in {len(self.masks)} slices, {area} pixels: "
                "Enter accepts it in all of them."
            )
        else:
            self._say(f"{area} pixels: Enter accepts, more clicks correct.")

    # --- accept and drop ---------------------------------------------------------------------

    def accept(self) -> None:
        """Make the object a label; if its mask is not there yet, as soon as it is."""
        if self._drawing and self.workspace is not None:
            # Leaving the mode finishes a polygon; it becomes a prompt like any other.
            mode = self.workspace.shapes.mode
            self.workspace.shapes.mode = "pan_zoom"
            self.workspace.shapes.mode = mode
            return
        if self.workspace is None:
            return
        if self._prompts_timer.isActive():
            self._prompts_timer.stop()
            self.read_prompts()
        missing = {p: k for p, k in self._wanted.items() if self._answered.get(p) != k}
        if missing:
            self._accept_later(missing)
        elif self.masks:
            self._accept_masks(list(self.masks.values()))
            self._start_next_object()

    def _accept_later(self, missing: dict[Plane, tuple[Any, ...]]) -> None:
        """Finish the object in the background; the next one can be clicked meanwhile."""
        work = self.workspace
        if work is None:
            return
        found = read_prompts(work.source, work.image, work.points, work.shapes)
        masks = {p: mask for p, mask in self.masks.items() if p not in missing}
        todo = {p: (found.planes[p].prompts, key) for p, key in missing.items()}

        def receive(event: Any) -> None:
            if isinstance(event, Answer):
                masks[event.plane] = event.mask
            else:
                self._receive(event)

        def finish() -> None:
            if self.workspace is work:
                self._accept_masks(list(masks.values()))

        self.runner.drop_replaceable()
        self._start_next_object()
        self._say("Accepted: the label comes as soon as the mask is there.")
        steps = self.engine.predict(self.settings, work.source, todo)
        self.runner.submit(Job(steps, receive, finish))

    def _accept_masks(self, masks: Sequence[Mask]) -> None:
        if self.workspace is None:
            return
        try:
            label, area = self.workspace.accept(masks)
        except NapariSamError as error:
            self._fail(str(error))
            return
        if area:
            self._say(f"Object {label} accepted, {area} pixels. {_FIRST_HINT}")
        else:
            self._say("Nothing was accepted: all of it belongs to other objects, or it is empty.")

    def _accept_all(self, found: PlaneObjects) -> None:
        if self.workspace is None:
            return
        try:
            count = self.workspace.accept_all(found)
        except NapariSamError as error:
            self.runner.cancel()
            self._fail(str(error))
            return
        self._found += count
        self._say(f"{self._found} objects so far.")

    def drop(self) -> None:
        """Forget the object under way."""
        self.runner.drop_replaceable()
        self._start_next_object()
        self._say(f"Dropped. {_FIRST_HINT}")

    def undo(self) -> None:
        """Take the last accepted object back."""
        if self.workspace is not None:
            self.workspace.undo()
            self._say("The last change of the labels was taken back.")

    def _start_next_object(self) -> None:
        self._forget_object()
        if self.workspace is not None:
            self.workspace.clear_prompts()
            self.workspace.show([])
            if self._tool == BACKGROUND:
                self.choose_tool(FOREGROUND)

    def _forget_object(self) -> None:
        self.masks.clear()
        self._answered.clear()
        self._wanted.clear()
        self._drawing = False
        self.dock.show_can_accept(False)

    # --- everything --------------------------------------------------------------------------

    def segment_everything(self, all_slices: bool) -> None:
        """Find all objects, in the slice that is shown or in all."""
        if self.workspace is None:
            return
        work = self.workspace
        try:
            work.source = self._read_image(work.image)
        except ImageError as error:
            self._fail(str(error))
            return
        here = work.source.to_plane(work.image.world_to_data(self.viewer.dims.point))
        here = tuple(
            min(max(p, 0), n - 1) for p, n in zip(here, work.source.plane_shape, strict=True)
        )
        steps = self.engine.everything(self.settings, work.source, None if all_slices else [here])
        self._found = 0
        self.runner.submit(Job(steps, self._receive, self._everything_done, background=True))

    def _everything_done(self) -> None:
        self._end_activity()
        if not self._found:
            self._say("No objects found: try automatic contrast, or click on them.")
        else:
            self._say(f"{self._found} objects found. {_FIRST_HINT}")

    def cancel(self) -> None:
        """Stop all work; what is accepted stays."""
        self.runner.cancel()
        self._end_activity()
        self._say("Cancelled.")

    def _show_activity(self, event: Progress) -> None:
        if not event.total:
            return
        if self._activity is None:
            self._activity = activity(total=event.total, desc=event.text)
        self._activity.update(event.done - self._activity.n)

    def _end_activity(self) -> None:
        if self._activity is not None:
            self._activity.close()
            self._activity = None

    # --- events ------------------------------------------------------------------------------

    def _timer(self, call: Any) -> QTimer:
        """Coalesces the events of one user action, and runs after them."""
        timer = QTimer(self.dock)
        timer.setSingleShot(True)
        timer.setInterval(0)
        timer.timeout.connect(call)
        return timer

    def _connect(self) -> None:
        dock, runner = self.dock, self.runner
        dock.image_chosen.connect(self.choose_image)
        dock.tool_chosen.connect(self.choose_tool)
        dock.auto_contrast_changed.connect(self.change_contrast)
        dock.accept_clicked.connect(self.accept)
        dock.drop_clicked.connect(self.drop)
        dock.undo_clicked.connect(self.undo)
        dock.segment_clicked.connect(self.segment_everything)
        dock.cancel_clicked.connect(self.cancel)
        dock.closed.connect(self.close)
        dock.destroyed.connect(self._dock_destroyed)
        runner.busy_changed.connect(self._show_busy)
        runner.failed.connect(self._job_failed)
        events = self.viewer.layers.events
        events.inserted.connect(self._later_images)
        events.removed.connect(self._layer_removed)

    def _adopt(self, layer: Any) -> None:
        layer.events.data.connect(self._prompts_changed)
        layer.events.features.connect(self._later_prompts)
        self.bindings.bind(layer)
        self._adopted.append(layer)

    def _release(self, layer: Any) -> None:
        layer.events.data.disconnect(self._prompts_changed)
        layer.events.features.disconnect(self._later_prompts)
        self.bindings.release(layer)
        self._adopted.remove(layer)

    def _prompts_changed(self, event: Any) -> None:
        action = str(event.action)
        # Between "adding" and "added" a shape is being drawn with the mouse.
        self._drawing = action == "adding"
        if action in ("added", "removed", "changed"):
            self._prompts_timer.start()

    def _later_prompts(self, event: Any = None) -> None:
        if not self._drawing:
            self._prompts_timer.start()

    def _later_images(self, event: Any = None) -> None:
        self._images_timer.start()

    def _layer_removed(self, event: Any) -> None:
        layer = event.value
        if layer in self._adopted:
            self._release(layer)
        if self.workspace is not None and self.workspace.owns(layer):
            self.workspace.forget(layer)
            self._prompts_timer.start()
        self._images_timer.start()

    def _show_busy(self, busy: bool) -> None:
        if not self._closed:
            self.dock.show_busy(busy)

    def _job_failed(self, message: str) -> None:
        if not self._closed:
            self._end_activity()
            self._fail(message)

    def _say(self, text: str) -> None:
        self.dock.show_status(text)

    def _fail(self, message: str) -> None:
        self._say(message)
        show_error(message)

    # --- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Leave nothing behind but labels and prompts: no keys, callbacks or work."""
        if self._closed:
            return
        self._prompts_timer.stop()
        self._images_timer.stop()
        self._leave_image()
        self._dock_destroyed()

    def _dock_destroyed(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.runner.cancel()
        self._end_activity()
        self.bindings.release_all()
        for layer in self._images:
            layer.events.name.disconnect(self._later_images)
        self._images = []
        for layer in list(self._adopted):
            self._release(layer)
        events = self.viewer.layers.events
        events.inserted.disconnect(self._later_images)
        events.removed.disconnect(self._layer_removed)
        self.engine.close()
