"""StateReader: reads the state of the dock from viewer, image in use and parts; no Qt."""

from collections.abc import Callable
from dataclasses import dataclass

from napari.components import ViewerModel

from napari_sam.plugin.clicks.bindings import taken_keys
from napari_sam.plugin.clicks.pick_up import PickUp
from napari_sam.plugin.clicks.prompt_events import PromptEvents
from napari_sam.plugin.clicks.receiver import receiver_of
from napari_sam.plugin.clicks.tools import BOX, SCRIBBLE, Tools
from napari_sam.plugin.everything.review import Review
from napari_sam.plugin.image.image_source import image_layers
from napari_sam.plugin.labels.rating import Look
from napari_sam.plugin.layers.conventions import BACKGROUND
from napari_sam.plugin.models.model_chooser import ModelChooser
from napari_sam.plugin.objects.objects import Objects
from napari_sam.plugin.status.dock_state import DockState, Tool
from napari_sam.plugin.strokes.strokes import Strokes
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.workspace import Workspace

from .desk import Desk

_TOOLS = {BOX: Tool.BOX, SCRIBBLE: Tool.SCRIBBLE}


@dataclass(frozen=True, slots=True, eq=False)
class StateReader:
    """Reads a :class:`DockState`, for the status line, the buttons and the keys.

    Parameters
    ----------
    viewer : napari.Viewer
        Has the layers and the axes.
    desk, models, objects, prompts, tools, pick_up, review, strokes
        Parts of the dock.
    working : callable
        Whether work runs that can be cancelled.
    """

    viewer: ViewerModel
    desk: Desk
    models: ModelChooser
    objects: Objects
    prompts: PromptEvents
    tools: Tools
    pick_up: PickUp
    review: Review
    strokes: Strokes
    working: Callable[[], bool]

    def read(self) -> DockState:
        """The state now."""
        work, viewer = self.desk.workspace, self.viewer
        if self.desk.closed or work is None:
            images = bool(image_layers(viewer.layers))
            return DockState(closed=self.desk.closed, images=images, image="")
        active, history = viewer.layers.selection.active, work.history
        ours = active is not None and work.owns(active) and active != work.preview.layer
        ratings = work.ratings.of_label.values()
        return DockState(
            image=work.image.name,
            image_hidden=not (work.image.visible and work.image.opacity),
            hidden=_hidden(work),
            obstacle=obstacle(viewer.dims),
            model=self.models.state,
            tool=_TOOLS.get(self.tools.chosen, Tool.CLICK),
            background=self._background(work),
            drawing=self.prompts.drawing,
            picking=self.pick_up.armed,
            stroke=self.strokes.state,
            receiver=receiver_of(viewer, work),
            active="" if active is None else active.name,
            mode="" if active is None else str(active.mode),
            taken_keys=frozenset() if ours else taken_keys(active),
            objects=self.objects.under_way.read(work),
            stack=bool(work.source.stack_axes),
            time="T" in work.source.stack_axes,
            review=self.review.line,
            rated=len(ratings),
            to_review=sum(rating.look is Look.WAITING for rating in ratings),
            working=self.working(),
            undo=history.next_undo or _undo_in_napari(work),
            redo=history.next_redo,
            undo_labels=any(step.labels for step in history.done) or bool(_undo_in_napari(work)),
        )

    def _background(self, work: Workspace) -> bool:
        if self.tools.chosen == SCRIBBLE:
            return work.prompts.scribble_polarity == BACKGROUND
        return self.tools.chosen != BOX and work.prompts.polarity == BACKGROUND


def _hidden(work: Workspace) -> tuple[str, ...]:
    layers = (work.preview.layer, work.labels)
    return tuple(each.name for each in layers if each is not None and not each.visible)


def _undo_in_napari(work: Workspace) -> str:
    """Words on a change of the labels from before the dock was opened; empty without any.

    napari does not tell whether its own history of a layer has steps.
    """
    return "" if work.labels_layer.is_new else "an earlier change of the labels"
