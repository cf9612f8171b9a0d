"""PromptEvents: from a change of the prompt layers to a question for the model."""

from collections.abc import Iterable

import numpy as np
from napari.layers import Layer, Points, Shapes
from napari.utils.events import Event
from psygnal import Signal
from qtpy.QtCore import QObject

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.objects.objects import Objects
from napari_sam.plugin.view.view import View
from napari_sam.plugin.widgets.soon import Soon
from napari_sam.plugin.workspace import Workspace

from .gestures import Gestures, finish_shape


class PromptEvents:
    """Listens to the prompt layers; notes each change as a step, and has the prompts read.

    Parameters
    ----------
    desk : Desk
        Has the workspace.
    objects : Objects
        Reads the prompts.
    view : View
        Notes clicks from 3D and turned views.
    parent : QObject
        The dock, owner of the queued call.

    Signals
    -------
    prompts_read
        The prompts were read, and the model was asked about changed prompts.
    """

    prompts_read = Signal()

    def __init__(self, desk: Desk, objects: Objects, view: View, parent: QObject) -> None:
        self._desk, self._objects, self._view = desk, objects, view
        self._gestures = Gestures(desk, lambda: self._drawing)
        self._soon = Soon(self._read, parent)
        self._drawing = self._moving = False
        self._adopted: list[Layer] = []

    # --- layers ------------------------------------------------------------------------------

    def adopt(self, layer: Layer) -> None:
        """Listen to a prompt layer, and bind gestures."""
        layer.events.data.connect(self._data_changed)
        layer.events.features.connect(self._features_changed)
        self._gestures.bind(layer)
        self._adopted.append(layer)

    def _release(self, layer: Layer) -> None:
        layer.events.data.disconnect(self._data_changed)
        layer.events.features.disconnect(self._features_changed)
        self._gestures.release(layer)
        self._adopted.remove(layer)

    def layer_removed(self, layer: Layer) -> None:
        """Listen no longer to a removed layer."""
        if layer in self._adopted:
            self._release(layer)

    def use(self, work: Workspace) -> None:
        """Read the prompts of a newly used image."""
        self.later()

    def leave(self) -> None:
        """Listen to no layer any more."""
        self._drawing = False
        for layer in list(self._adopted):
            self._release(layer)

    def stop(self) -> None:
        """Do not read any more."""
        self._soon.stop()

    @property
    def drawing(self) -> bool:
        """Whether a shape is being drawn."""
        return self._drawing

    # --- reading -----------------------------------------------------------------------------

    def later(self) -> None:
        """Read the prompts when the events at hand are through."""
        self._soon.start()

    def read_now(self) -> None:
        """Read the prompts now instead of after the events at hand."""
        if self._soon.isActive():
            self._soon.stop()
            self.note()
            self._objects.read()

    def note(self) -> None:
        """Compare the prompts with the last look, and note a change as a step to undo."""
        work = self._desk.workspace
        if work is None or self._drawing or self._moving:
            return
        if work.watch.look(self._objects.followed):
            self._desk.begin_action()

    def finish_drawing(self) -> bool:
        """End the shape under the mouse; False if no shape is being drawn."""
        work = self._desk.workspace
        if not self._drawing or work is None or work.prompts.shapes is None:
            return False
        finish_shape(work.prompts.shapes)
        return True

    def forget_drawing(self) -> None:
        """Note the end of drawing: the shape was removed."""
        self._drawing = False

    def _read(self) -> None:
        if self._drawing:
            return
        self.note()
        if not self._take_back():
            self._objects.read()
            self.prompts_read.emit()

    def _take_back(self) -> bool:
        """Remove clicks on what is not seen; adding and removing such clicks is no step."""
        work = self._desk.workspace
        if work is None or not self._view.clicked_blindly:
            return False
        with work.watch.refusing():
            return self._view.take_back()

    def _why_unseen(self, layer: Points | Shapes, indices: Iterable[int]) -> str:
        """Reason why new prompts lie on what the user does not see; empty if all are seen."""
        middles = (np.mean(np.atleast_2d(layer.data[index]), axis=0) for index in indices)
        reasons = (self._desk.why_unseen(layer.data_to_world(middle)) for middle in middles)
        return next(filter(None, reasons), "")

    def _data_changed(self, event: Event) -> None:
        action = str(event.action)
        # Between "adding" and "added" a shape is being drawn with the mouse.
        self._drawing = action == "adding"
        self._desk.renew()
        if action == "added":
            indices = tuple(event.data_indices)
            self._view.note_added(event.source, indices, self._why_unseen(event.source, indices))
        # Between "changing" and "changed" prompts are being moved: that is one step.
        self._moving = action == "changing"
        if action in ("added", "removed", "changed"):
            self.note()
            self.later()

    def _features_changed(self, event: Event) -> None:
        if not self._drawing:
            self.later()
