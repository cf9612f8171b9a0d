"""Controller: what happens on a click, a key or a button."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from napari.utils.notifications import show_error, show_warning
from qtpy.QtCore import QTimer

from napari_sam.errors import ImageError
from napari_sam.image.volume import Plane
from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.ahead.ahead import Ahead
from napari_sam.plugin.classes.classifying import Classifying
from napari_sam.plugin.clicks.bindings import Bindings
from napari_sam.plugin.clicks.gestures import Gestures, finish_shape
from napari_sam.plugin.clicks.hover import Hover
from napari_sam.plugin.clicks.pick_up import PickUp
from napari_sam.plugin.clicks.soon import Soon
from napari_sam.plugin.clicks.tools import Tools
from napari_sam.plugin.dock.dock import SamDock
from napari_sam.plugin.everything.everything import Everything
from napari_sam.plugin.everything.review import Review
from napari_sam.plugin.follow.guide import Guide
from napari_sam.plugin.image.composite import Composite
from napari_sam.plugin.image.image_source import ImageSource, image_layers, read_image_layer
from napari_sam.plugin.image.model_view import ModelView
from napari_sam.plugin.image.thumbnail import Look, look_at
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.labels.lineage import parents_of
from napari_sam.plugin.layers.conventions import FOREGROUND
from napari_sam.plugin.models.model_chooser import ModelChooser
from napari_sam.plugin.objects.current_object import CurrentObject
from napari_sam.plugin.objects.objects import Objects
from napari_sam.plugin.results.measuring import Measuring
from napari_sam.plugin.results.tracks import show_tracks
from napari_sam.plugin.view.view import View, obstacle
from napari_sam.plugin.view.viewport import read_viewport
from napari_sam.plugin.worker.engine import Engine
from napari_sam.plugin.worker.events import (
    Downloading,
    ModelReady,
    Progress,
    Ready,
    Tracked,
    Warned,
)
from napari_sam.plugin.worker.jobs import Job, JobRunner

from .desk import FIRST_HINT
from .settings import Settings
from .workspace import Workspace

_NOTHING_BEFORE = "There is nothing to take back."
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
        self.viewer, self.dock = viewer, dock
        self.engine, self.runner = Engine(), JobRunner()
        self._drawing = self._moving = self._closed = False
        self.workspace: Workspace | None = None
        self._prompts_timer = Soon(self._read_prompts, dock)
        self._images_timer = self._timer(self.list_images)
        self.objects = Objects(self, self._prompts_timer.start)
        self.everything = Everything(self)
        self.measuring = Measuring(self)
        self.classifying = Classifying(self, dock.class_box)
        self.guide = Guide(self, viewer, dock)
        self.view = View(viewer, self.say)
        self.composite = Composite()
        self.model_view = ModelView(viewer, self._look, dock.view_box.show_pixels)
        self.tools = Tools(self, viewer, self._show_tool, self.view.take_up)
        self.pick_up = PickUp(self, viewer, self._show_picking)
        self.hover = Hover(self, viewer, dock)
        self.gestures = Gestures(self, lambda: self._drawing)
        self.ahead = Ahead(self, viewer, dock.ahead)
        self.review = Review(self, viewer, dock.review_box)
        self.models = ModelChooser(self, dock, settings)
        calls = {
            "swap_polarity": self.tools.swap_polarity,
            "swap_tool": self.tools.swap,
            "follow": self.follow,
            "look_next": self.guide.look_next,
            "accept_daughter": self.accept_daughter,
            "next_object": self.next_object,
            "next_size": self.next_size,
            "toggle_hover": dock.clicks.hover.toggle,
            "pick_up": self.pick_up.under_cursor,
            "review_next": self.review.next,
            "review_drop": self.review.drop,
            "review_keep": self.review.keep,
            "accept": self.accept,
            "drop": self.drop,
            "undo_labels": self.undo_labels,
            "undo": self.undo,
            "redo": self.redo,
        }
        self.bindings = Bindings(calls)
        self.label_bindings = Bindings(calls, on_labels=True)
        self._images: list[Any] = []
        self._adopted: list[Any] = []
        self._connect()
        self.models.list()
        # Layers first: a worker changes the filters of warnings of all threads, and napari would
        # show the user a warning that it hides while it makes the colours of labels.
        self.list_images()
        self.runner.submit(Job(self.engine.load(self.settings), self.receive))

    # --- what the object and the segmentation of everything use ------------------------------

    @property
    def object(self) -> CurrentObject:
        """The object to which new clicks belong."""
        return self.objects.current

    @property
    def settings(self) -> Settings:
        """What the user chose, now."""
        return self.models.settings

    @property
    def acceptance(self) -> Acceptance:
        """How objects become labels, now."""
        return replace(self.dock.accept_box.chosen, of_class=self.classifying.current)

    def read_image(self, image: Any, aloud: bool = True) -> ImageSource | None:
        """The image as it is shown now; None, and the user is told why, if it cannot be used."""
        world = self.viewer.dims.point
        try:
            source = read_image_layer(image, world, self.dock.auto_contrast.isChecked())
            return self.composite.complete(source, image, self.viewer.layers)
        except ImageError as error:
            if aloud:
                self.fail(str(error))
            return None

    def look(self, aloud: bool = True) -> Workspace | None:
        """The workspace, its image as it is shown now; None if there is none that can be used."""
        work = self.workspace
        source = None if work is None else self.read_image(work.image, aloud)
        if work is None or source is None:
            return None
        work.source = source
        return work

    def receive(self, event: Any) -> None:
        """Show progress and warnings of the worker."""
        if self._closed:
            return
        if isinstance(event, Progress):
            self.dock.show_progress(event.text, event.done, event.total)
        elif isinstance(event, Downloading | ModelReady):
            self.models.show(event)
            if isinstance(event, ModelReady):
                self.ahead.model_changed()
        elif isinstance(event, Ready):
            self.ahead.note(event)
        elif isinstance(event, Warned):
            show_warning(event.text)

    def say(self, text: str) -> None:
        """Tell the user something in the dock."""
        if not self._closed:
            self.dock.show_status(text)

    def fail(self, message: str) -> None:
        """Tell the user what went wrong."""
        self.say(message)
        show_error(message)

    def object_changed(self, can_accept: bool) -> None:
        """Whether there is an object to accept or drop."""
        if not self._closed:
            self.dock.show_can_accept(can_accept)

    def show_objects(self, current: int, numbers: Sequence[int]) -> None:
        """Show which objects are under way, and which of them clicks belong to."""
        if not self._closed:
            self.dock.show_objects(current, numbers)

    def show_size(self, size: Size) -> None:
        """Show what the next click means."""
        if not self._closed:
            self.dock.clicks.show_size(size)
            self.hover.renew()

    def show_followed(self, slices: Mapping[Plane, float | None]) -> None:
        """Show the planes of a followed object."""
        if not self._closed:
            self.guide.show(slices)

    def show_busy(self) -> None:
        """Show whether there is work to cancel."""
        if not self._closed:
            self.dock.show_busy(self.runner.working or self.models.busy)

    # --- image -------------------------------------------------------------------------------

    def list_images(self) -> None:
        """Show the Image layers in the dock, and keep or choose one."""
        found = image_layers(self.viewer.layers)
        for layer in self._images:
            layer.events.name.disconnect(self._later_images)
        self._images = found
        for layer in found:
            layer.events.name.connect(self._later_images)
        self.model_view.watch(found)
        self.ahead.watch(found)
        current = self.workspace.image if self.workspace else None
        if current is None or current not in found:
            active = self.viewer.layers.selection.active
            self.use_image(active if active in found else (found[0] if found else None))
        chosen = self.workspace.image if self.workspace else None
        names = [layer.name for layer in found]
        self.dock.show_images(names, found.index(chosen) if chosen in found else -1)
        self._list_channels()

    def _list_channels(self) -> None:
        image = self.workspace.image if self.workspace else None
        options = [] if image is None else self.composite.options(image, self.viewer.layers)
        self.dock.channel_box.show_options(options)
        self.model_view.later()

    def _look(self) -> Look | None:
        image = self.workspace.image if self.workspace else None
        source = None if image is None else self.read_image(image)
        if source is None:
            return None
        return look_at(source, image, self.viewer.layers, self.viewer.dims.point)

    def choose_channel(self, key: int | str, wanted: bool) -> None:
        """Let the model see another channel or layer besides the image, or no longer."""
        if self.workspace is not None:
            self.composite.choose(self.workspace.image, key, wanted)
            self._list_channels()
            self.objects.ask_again()

    def choose_image(self, index: int) -> None:
        """Use the image at an index of the list in the dock."""
        if 0 <= index < len(self._images):
            self.use_image(self._images[index])
            self.list_images()

    def use_image(self, image: Any) -> None:
        """Put prompt, preview and labels layers around an image; None for no image."""
        if self.workspace is not None and image is not None and self.workspace.image == image:
            return
        dropped = self._leave_image()
        if image is None:
            self.say(f"{dropped}{_NO_IMAGE}")
            return
        source = self.read_image(image)
        if source is None:
            return
        self.workspace = Workspace(
            self.viewer, image, source, self._adopt, self.label_bindings.bind
        )
        self.workspace.set_object(self.objects.current.number)
        image.events.data.connect(self._data_changed)
        self.dock.show_stack(source.stack_axes)
        self.classifying.use(self.workspace)
        self.review.use(self.workspace)
        self._offer_restore(self.workspace)
        self.tools.choose(FOREGROUND)
        self.say(f"{dropped}{FIRST_HINT}")
        self._prompts_timer.start()
        self.ahead.begin(self.workspace)

    def _leave_image(self) -> str:
        """Leave the image in use; says what was left unfinished."""
        work = self.workspace
        if work is None:
            return ""
        unfinished = self.objects.unfinished
        self.pick_up.disarm()
        self.runner.leave_image()
        self.everything.stop()
        self.ahead.leave()
        self.objects.forget()
        self._drawing = False
        for layer in list(self._adopted):
            self._release(layer)
        work.image.events.data.disconnect(self._data_changed)
        self.classifying.leave()
        self.review.leave()
        self.label_bindings.release_all()
        work.close()
        self.workspace = None
        self.dock.show_restore("")
        return f"The object in {work.image.name} was not accepted. " if unfinished else ""

    def _data_changed(self, event: Any = None) -> None:
        """Begin anew with data of another shape; others are seen by the next click."""
        work = self.workspace
        if work is None:
            return
        source = self.read_image(work.image)
        if source is None or source.label_shape != work.source.label_shape:
            dropped = self._leave_image()
            self.use_image(work.image)
            self.say(f"{dropped}{work.image.name} has another shape now. {FIRST_HINT}")

    # --- the object --------------------------------------------------------------------------

    def accept(self) -> None:
        """Make the object a label; while a polygon is being drawn, finish the polygon."""
        if self._drawing and self.workspace is not None:
            finish_shape(self.workspace.shapes)
            return
        self._read_now()
        if self.objects.unfinished:
            self.dock.first_hint.leave()
        self.objects.accept()
        self.tools.object_next()

    def accept_daughter(self) -> None:
        """Make the object a label, and note that the one in the frame before divided into it."""
        self._read_now()
        self.objects.accept(daughter=True)
        self.tools.object_next()

    def _read_now(self) -> None:
        if self._prompts_timer.isActive():
            self._prompts_timer.stop()
            self._note_prompts()
            self.objects.read()

    def follow(self) -> None:
        """Find the object in the slices that it reaches."""
        self._read_now()
        self.objects.current.follow(self.dock.follow_axis)

    def next_object(self) -> None:
        """Begin another object beside those under way, or go back to the first."""
        self._read_now()
        self.objects.next()
        self.tools.object_next()

    def next_size(self) -> None:
        """Let the click mean another of the sizes that it may mean."""
        self._read_now()
        self.objects.next_size()

    def drop(self) -> None:
        """Forget the current object."""
        self.objects.drop()
        self._drawing = False
        self.tools.object_next()

    def undo_labels(self) -> None:
        """Take the last change of the labels back."""
        if self.workspace is not None:
            done = self.workspace.undo_labels()
            self.say("The last change of the labels was taken back." if done else _NOTHING_BEFORE)

    def undo(self) -> None:
        """Take back the last thing that was done to prompts or labels."""
        if self.workspace is None:
            return
        if self._drawing:
            finish_shape(self.workspace.shapes)
        self._note_prompts()
        done = self.workspace.undo()
        self.say("Taken back: Ctrl-Shift-Z does it again." if done else _NOTHING_BEFORE)

    def redo(self) -> None:
        """Do again what was taken back last."""
        if self.workspace is not None:
            self._note_prompts()
            done = self.workspace.redo()
            self.say("Done again." if done else "There is nothing to do again.")

    def _show_tool(self, tool: str, background: bool) -> None:
        self.dock.show_tool(tool, background)
        self.hover.renew()

    def _show_picking(self, armed: bool) -> None:
        if not self._closed:
            self.dock.clicks.show_picking(armed)

    def _segment(self, all_slices: bool) -> None:
        linked = self.dock.linked.isChecked()
        self.everything.start(all_slices, self.dock.follow_axis if linked else None)

    def _segment_here(self) -> None:
        if problem := obstacle(self.viewer.dims):
            self.say(problem)
        elif (work := self.look()) and (
            view := read_viewport(self.viewer, work.image, work.source)
        ):
            self.everything.start(False, within=view.bbox)

    def _offer_restore(self, work: Workspace) -> None:
        waiting = work.keeping.waiting()
        when = datetime.fromisoformat(waiting[-1].time).astimezone() if waiting else None
        self.dock.show_restore(
            f"{len(waiting)} accepted changes of {when:%d %B, %H:%M} are in no file."
            if when
            else ""
        )

    def answer_restore(self, wanted: bool) -> None:
        """Restore what an earlier napari had accepted, or forget it."""
        work = self.workspace
        self.dock.show_restore("")
        if work is None or not work.keeping.offered:
            return
        if wanted:
            self.say(f"{work.restore()} objects are back. {FIRST_HINT}")
        else:
            work.keeping.discard()
            self.say(FIRST_HINT)

    def show_tracks(self) -> None:
        """Show the tracks of all labels in a layer of their own."""
        work = self.workspace
        if work is None or work.labels is None:
            return
        labels, source = work.labels, work.source

        def receive(event: Any) -> None:
            if not isinstance(event, Tracked):
                self.receive(event)
            elif work.image in self.viewer.layers and len(event.tracks.data):
                show_tracks(self.viewer, work.image, source, event.tracks)
                self.say(f"{len(np.unique(event.tracks.data[:, 0]))} tracks: File > Save as CSV.")
            else:
                self.say("There are no labels yet: accept objects first.")

        steps = self.engine.tracks(work.plain_labels(), source.label_axes, parents_of(labels))
        self.runner.submit(Job(steps, receive))

    def _read_prompts(self) -> None:
        if self._drawing:
            return
        self._note_prompts()
        if not self._take_back():
            self.objects.read()
            self.ahead.clicked()

    def _take_back(self) -> bool:
        """Remove what was clicked where it cannot be understood; that it came is no step either."""
        if self.workspace is None or not self.view.clicked_blindly:
            return False
        with self.workspace.watch.refusing():
            return self.view.take_back()

    def cancel(self) -> None:
        """Stop all work; what has a label keeps it."""
        if self._closed:
            return
        lost = self._unfinished()
        self.objects.current.stop_following()
        self.runner.cancel()
        self.everything.stop()
        self.ahead.cancelled()
        self.models.cancel()
        self.say(f"Cancelled. {lost}")

    def _unfinished(self) -> str:
        count = self.runner.promised
        objects = "object has" if count == 1 else "objects have"
        return f"{count} accepted {objects} no mask yet: click again." if count else ""

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
        dock.tool_chosen.connect(self.tools.choose)
        dock.channel_box.opened.connect(self._list_channels)
        dock.channel_box.chosen.connect(self.choose_channel)
        dock.auto_contrast_changed.connect(self.model_view.later)
        dock.auto_contrast_changed.connect(lambda automatic: self.objects.ask_again())
        dock.accept_box.cleaning_changed.connect(self.objects.show_again)
        dock.model_chosen.connect(self.models.choose)
        dock.models_wanted.connect(self.models.list)
        dock.accept_clicked.connect(self.accept)
        dock.follow_clicked.connect(self.follow)
        dock.tracks_clicked.connect(self.show_tracks)
        dock.measure_clicked.connect(self.measuring.start)
        dock.restore_answered.connect(self.answer_restore)
        dock.drop_clicked.connect(self.drop)
        dock.undo_clicked.connect(self.undo_labels)
        dock.next_clicked.connect(self.next_object)
        dock.clicks.size_clicked.connect(self.next_size)
        dock.clicks.pick_up_clicked.connect(self.pick_up.arm)
        dock.segment_clicked.connect(self._segment)
        dock.here_clicked.connect(self._segment_here)
        dock.cancel_clicked.connect(self.cancel)
        dock.closed.connect(self.close)
        dock.destroyed.connect(self._let_go)
        runner.busy_changed.connect(self.show_busy)
        runner.failed.connect(self._job_failed)
        events = self.viewer.layers.events
        events.inserted.connect(self._later_images)
        events.removed.connect(self._layer_removed)

    def _adopt(self, layer: Any) -> None:
        layer.events.data.connect(self._prompts_changed)
        layer.events.features.connect(self._later_prompts)
        self.bindings.bind(layer)
        self.gestures.bind(layer)
        self._adopted.append(layer)

    def _release(self, layer: Any) -> None:
        layer.events.data.disconnect(self._prompts_changed)
        layer.events.features.disconnect(self._later_prompts)
        self.bindings.release(layer)
        self.gestures.release(layer)
        self._adopted.remove(layer)

    def _prompts_changed(self, event: Any) -> None:
        action = str(event.action)
        # Between "adding" and "added" a shape is being drawn with the mouse.
        self._drawing = action == "adding"
        if action == "added":
            self.view.note_added(event.source, tuple(event.data_indices))
        # Between "changing" and "changed" prompts are being moved: that is one step.
        self._moving = action == "changing"
        if action in ("added", "removed", "changed"):
            self._note_prompts()
            self._prompts_timer.start()

    def _note_prompts(self) -> None:
        """Remember what the user did to the prompts, as a step that can be taken back."""
        if self.workspace is not None and not (self._drawing or self._moving):
            self.workspace.watch.look(self.objects)

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

    def _job_failed(self, message: str) -> None:
        if not self._closed:
            self.everything.stop()
            self.models.refresh()
            self.fail(message)

    # --- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Leave nothing behind but labels and prompts: no keys, callbacks or work."""
        if self._closed:
            return
        if lost := self._unfinished():
            show_warning(lost)
        self._disconnect()  # first, or leaving the image would look like the user's doing
        self._leave_image()
        self._prompts_timer.stop()
        self._images_timer.stop()
        self._let_go()

    def _let_go(self) -> None:
        """The part of :meth:`close` that needs no widgets: Qt may have destroyed them."""
        if self._closed:
            return
        self._closed = True
        self._disconnect()
        self.ahead.let_go()
        self.runner.cancel()
        self.everything.stop()
        self.models.stop()
        self.bindings.release_all()
        self.label_bindings.release_all()
        for layer in list(self._adopted):
            self._release(layer)
        self.engine.close()

    def _disconnect(self) -> None:
        for layer in self._images:
            layer.events.name.disconnect(self._later_images)
        self._images = []
        self.ahead.watch(())
        self.guide.close()
        self.view.close()
        self.model_view.close()
        self.pick_up.disarm()
        self.hover.close()
        events = self.viewer.layers.events
        events.inserted.disconnect(self._later_images)
        events.removed.disconnect(self._layer_removed)
