"""Controller: builds, connects and closes the parts of the dock."""

from collections.abc import Callable
from dataclasses import replace

from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.events import Event
from napari.utils.notifications import show_warning
from superqt.utils import QSignalDebouncer

from napari_sam.plugin.ahead.ahead import Ahead
from napari_sam.plugin.alike.finding_alike import FindingAlike
from napari_sam.plugin.classes.classifying import Classifying
from napari_sam.plugin.clicks.hover import Hover
from napari_sam.plugin.clicks.label_tools import LabelTools
from napari_sam.plugin.clicks.pick_up import PickUp
from napari_sam.plugin.clicks.prompt_events import PromptEvents
from napari_sam.plugin.clicks.tools import Tools
from napari_sam.plugin.dock.dock import SamDock
from napari_sam.plugin.everything.everything import Everything
from napari_sam.plugin.everything.review import Review
from napari_sam.plugin.folder.browsing import Browsing
from napari_sam.plugin.follow.guide import Guide
from napari_sam.plugin.image.model_view import ModelView
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.learning.teacher import Teacher
from napari_sam.plugin.models.model_chooser import ModelChooser
from napari_sam.plugin.objects.current_object import CurrentObject
from napari_sam.plugin.objects.mask_before import MaskBefore
from napari_sam.plugin.objects.new_look import NewLook
from napari_sam.plugin.objects.objects import Objects
from napari_sam.plugin.results.saving import Saving
from napari_sam.plugin.results.use_labels import UseLabels
from napari_sam.plugin.strokes.strokes import Strokes
from napari_sam.plugin.table.measured_table import MeasuredTable
from napari_sam.plugin.tracking.track_review import TrackReview
from napari_sam.plugin.train.training import Training
from napari_sam.plugin.view.view import View
from napari_sam.plugin.worker.events import Downloading, ModelReady, Progress, Ready, Warned

from .actions import Actions
from .connect_image import connect_image
from .connect_labels import connect_labels
from .desk import Desk
from .dock_status import DockStatus
from .image_in_use import ImageInUse
from .settings import Settings
from .state_reader import StateReader
from .workspace import Workspace


class Controller:
    """Ties the dock, the viewer's layers and the worker together.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer, or napari's proxy of a viewer for plugins.
    dock : SamDock
        The widgets.
    settings : Settings, optional
        Instead of napari's preferences.
    """

    def __init__(
        self, viewer: ViewerModel, dock: SamDock, settings: Settings | None = None
    ) -> None:
        self.viewer, self.dock = viewer, dock
        self.desk = desk = Desk(
            viewer,
            settings=lambda: self.models.settings,
            acceptance=self._acceptance,
            auto_contrast=lambda: self.dock.image_row.auto_contrast.isChecked(),
        )
        self.engine, self.runner = desk.engine, desk.runner
        self._images_changed = QSignalDebouncer(parent=dock)
        self._images_changed.triggered.connect(lambda: self.images.list_images())
        self.objects = Objects(desk, lambda: self.prompts.later())
        self.mask_before = MaskBefore(desk, self.objects)
        self.everything = Everything(desk)
        self.use_labels = UseLabels(
            desk, viewer, dock.accept_box.ask_labels_file, lambda: self.objects.unfinished
        )
        self.saving = Saving(desk, dock.correct_row.ask_place)
        self.classifying = Classifying(desk, dock.class_box)
        self.table = MeasuredTable(desk, viewer, self.classifying.give)
        self.alike = FindingAlike(
            desk, viewer, dock.everything_box.alike, lambda: self.classifying.current
        )
        self.guide = Guide(desk, viewer, dock.follow_row, self._next_unsure)
        self.model_view = ModelView(
            viewer, lambda: self.images.look(), dock.image_row.view_box.show_pixels
        )
        self.view, self.new_look = View(viewer, desk.say), NewLook(desk, self.objects)
        self.training = Training(desk, viewer, dock.learn_box.train_row, lambda: self.models)
        self.tools = Tools(desk, viewer, self._show_tool, self.view.take_up)
        self.pick_up = PickUp(desk, viewer, self.objects.hold, self._show_picking)
        follow_axis = lambda: dock.follow_row.follow_axis  # noqa: E731
        self.strokes = Strokes(desk, viewer, dock.stroke_box, follow_axis, self.pick_up.disarm)
        self.label_tools = LabelTools(
            desk, viewer, self.objects.under_way.is_held, self.classifying.give
        )
        self.hover = Hover(desk, viewer, self.objects, dock.clicks)
        self.ahead = Ahead(desk, viewer, dock.everything_box.ahead)
        self.review = Review(desk, viewer, dock.everything_box.review_box)
        self.track_review = TrackReview(desk, viewer, dock.everything_box.track_box)
        self.models: ModelChooser = ModelChooser(
            desk, dock.model_row, dock.show_progress, settings, self.objects.ask_again
        )
        self.teacher = Teacher(desk, dock.learn_box, settings, self.ahead, self.models)
        self.prompts: PromptEvents = PromptEvents(desk, self.objects, self.view, dock)
        self.status = DockStatus(self._make_reader(), dock, lambda name: self.actions.run(name))
        self.images: ImageInUse = ImageInUse(
            desk,
            viewer,
            unfinished=lambda: self.objects.unfinished,
            later=self._images_changed.throttle,
            adopt=self._adopt_prompts,
            adopt_labels=self.status.bindings.bind,
        )
        self.folder: Browsing = Browsing(desk, viewer, dock.folder_box, self.images, self.objects)
        self.actions: Actions = self._make_actions()
        self._connect_dock()
        self._connect_parts()
        self._show_first()

    @property
    def object(self) -> CurrentObject:
        """The current object."""
        return self.objects.current

    @property
    def workspace(self) -> Workspace | None:
        """Image in use and layers of the dock; None without an image."""
        return self.desk.workspace

    def _show_first(self) -> None:
        self.models.list()
        # Layers first: a worker changes the filters of warnings of all threads, and napari would
        # show the user a warning that it hides while it makes the colours of labels.
        self.images.list_images()
        self.models.load_first()

    # --- building ----------------------------------------------------------------------------

    def _make_actions(self) -> Actions:
        return Actions(
            self.desk,
            self.viewer,
            self.objects,
            self.prompts,
            self.tools,
            self.everything,
            lambda: self.dock.follow_row.follow_axis,
            self.strokes,
            {
                "look_next": self.guide.look_next,
                "mask_before": self.mask_before.bring_back,
                "toggle_hover": self.dock.clicks.hover.toggle,
                "pick_up": self.pick_up.under_cursor,
                **self.label_tools.calls,
                **self.folder.calls,
                **self.track_review.calls,
                "find_alike": self.alike.start,
                "show_in_table": self.table.under_cursor,
                "review_next": self.review.next,
                "review_drop": self.review.drop,
                "review_keep": self.review.keep,
            },
            lambda: self.status.now,
        )

    def _make_reader(self) -> StateReader:
        return StateReader(
            self.viewer,
            self.desk,
            self.models,
            self.objects,
            self.prompts,
            self.tools,
            self.pick_up,
            self.review,
            self.strokes,
            working=lambda: self.runner.working or self.models.busy,
        )

    def _connect_parts(self) -> None:
        desk, images = self.desk, self.images
        desk.listen(Progress, lambda e: self.dock.show_progress(e.text, e.done, e.total))
        desk.listen(Downloading, self.models.show)
        desk.listen(ModelReady, self.models.show)
        desk.listen(ModelReady, lambda event: self.ahead.model_changed())
        desk.listen(Ready, lambda event: self.ahead.note(event))
        desk.listen(Warned, lambda event: show_warning(event.text))
        desk.cancel_wanted.connect(self.actions.cancel)
        self.prompts.prompts_read.connect(self.ahead.clicked)
        self.prompts.prompts_read.connect(self.new_look.note)
        self.actions.cancelling.connect(self.ahead.cancelled)
        self.actions.cancelling.connect(self.models.cancel)
        images.layers_changed.connect(self.ahead.watch)
        images.channels_chosen.connect(self.objects.ask_again)
        # In this order: labels and prompts are there when the mouse gets its tool.
        first = (self.objects, self.classifying, self.review, self.tools, self.prompts)
        later = (self.track_review, self.label_tools, self.ahead, self.teacher, self.status.watch)
        for part in (*first, *later):
            images.used.connect(part.use)
        # In this order: jobs and objects end before the layers that they are shown in.
        for leave in (
            self.pick_up.disarm,
            self.strokes.put_away,
            self.objects.leave,
            self.everything.stop,
            self.teacher.leave,
            self.alike.stop,
            self.ahead.leave,
            self.table.leave,
            self.prompts.leave,
            self.classifying.leave,
            self.review.leave,
            self.track_review.leave,
            self.status.watch.leave,
            self.status.bindings.release_layers,
        ):
            images.leaving.connect(leave)
        events = self.viewer.layers.events
        events.inserted.connect(self._layer_inserted)
        events.removed.connect(self._layer_removed)

    def _connect_dock(self) -> None:
        dock, actions, objects = self.dock, self.actions, self.objects
        connect_image(dock, self.images, self.model_view, self.new_look)
        connect_labels(dock, actions, self.use_labels, self.table, self.saving)
        dock.run_clicked.connect(actions.run)
        dock.tool_row.chosen.connect(self._choose_tool)
        dock.accept_box.cleaning_changed.connect(objects.show_again)
        dock.accept_box.changed.connect(self.desk.begin_action)
        dock.accept_box.changed.connect(self.desk.renew)
        dock.model_row.chosen.connect(self.models.choose)
        dock.model_row.opened.connect(self.models.list)
        dock.correct_row.pick_up_clicked.connect(lambda armed: self.strokes.put_away())
        dock.correct_row.pick_up_clicked.connect(self.pick_up.arm)
        dock.cancel_clicked.connect(actions.cancel)
        dock.closed.connect(self.close)
        dock.destroyed.connect(self._let_go)
        self.runner.busy_changed.connect(self._show_busy)
        self.runner.failed.connect(lambda text: self._job_failed(text, self.desk.fail))
        self.runner.refused.connect(lambda text: self._job_failed(text, self.desk.say))
        self.models.busy_changed.connect(self._show_busy)
        actions.accepting.connect(dock.first_hint.leave)
        actions.label_put_back.connect(self.review.go_on)
        objects.numbers_changed.connect(dock.object_row.show_objects)
        objects.size_changed.connect(dock.clicks.show_size)
        objects.size_changed.connect(lambda size: self.hover.renew())
        objects.slices_changed.connect(self.guide.show)

    # --- events ------------------------------------------------------------------------------

    def _acceptance(self) -> Acceptance:
        return replace(self.dock.accept_box.chosen, of_class=self.classifying.current)

    def _adopt_prompts(self, layer: Layer) -> None:
        self.prompts.adopt(layer)
        self.status.bindings.bind(layer)

    def _next_unsure(self) -> tuple[int, ...] | None:
        return self.object.following.next_unsure(self.object.slices())

    def _choose_tool(self, tool: str) -> None:
        self.desk.begin_action()
        self.tools.choose(tool)

    def _show_tool(self, tool: str, background: bool) -> None:
        self.strokes.put_away()
        self.dock.tool_row.show_tool(tool, background)
        self.hover.renew()
        self.desk.renew()

    def _show_picking(self, armed: bool) -> None:
        if not self.desk.closed:
            self.dock.correct_row.show_picking(armed)

    def _show_busy(self) -> None:
        if not self.desk.closed:
            self.dock.show_busy(self.runner.working or self.models.busy)
            self.desk.renew()

    def _job_failed(self, message: str, tell: Callable[[str], None]) -> None:
        if not self.desk.closed:
            self.everything.stop()
            self.models.refresh()
            tell(message)

    def _layer_inserted(self, event: Event) -> None:
        self._images_changed.throttle()

    def _layer_removed(self, event: Event) -> None:
        layer, work = event.value, self.workspace
        self.prompts.layer_removed(layer)
        self.status.bindings.release(layer)
        if work is not None and work.owns(layer):
            work.forget(layer)
            self.prompts.later()
        self._images_changed.throttle()

    # --- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Leave nothing behind but labels and prompts: no keys, callbacks or work."""
        if self.desk.closed:
            return
        if lost := self.actions.unfinished:
            show_warning(lost)
        self._disconnect()  # first, or leaving the image would look like the user's doing
        self.images.leave()
        self.table.close()
        self.prompts.stop()
        self.status.stop()
        self._images_changed.cancel()
        self._let_go()

    def _let_go(self) -> None:
        """Close without touching widgets, perhaps already destroyed by Qt."""
        if self.desk.closed:
            return
        self.desk.close()
        self._disconnect()
        objects = self.objects
        for signal in (objects.numbers_changed, objects.size_changed, objects.slices_changed):
            signal.disconnect()
        self.teacher.let_go()
        self.ahead.let_go()
        self.runner.cancel()
        for part in (self.everything, self.models, self.training, self.folder):
            part.stop()
        self.status.let_go()
        self.prompts.leave()
        self.engine.close()

    def _disconnect(self) -> None:
        self.images.close()
        self.ahead.watch(())
        self.pick_up.disarm()
        self.strokes.put_away()
        views = (self.guide, self.view, self.model_view, self.hover)
        for part in (*views, self.status, self.label_tools):
            part.close()
        events = self.viewer.layers.events
        events.inserted.disconnect(self._layer_inserted)
        events.removed.disconnect(self._layer_removed)
