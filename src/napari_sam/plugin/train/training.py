"""Training: a model of the user's own from all images with labels in the viewer; no Qt."""

from collections.abc import Callable
from threading import Event as Flag
from typing import Protocol

from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import image_layers
from napari_sam.plugin.layers.conventions import LABELS, find_layer
from napari_sam.plugin.models.model_list import Model
from napari_sam.plugin.worker.events import Event, Progress, Trained
from napari_sam.plugin.worker.jobs import Job, JobRunner
from napari_sam.plugin.worker.train import LabelledImage, TrainRequest, train

from .train_row import TrainRow

_NOTHING = "Nothing to train on: accept objects, or use labels, first."
_STOPPED = "Stopped. To go on from here, train again under the same name."


class Models(Protocol):
    """List of models in the dock."""

    @property
    def current(self) -> Model:
        """The model that answers clicks."""

    def list(self) -> None:
        """List the models anew."""


class Training:
    """Trains in a second worker, while the present model answers clicks.

    Parameters
    ----------
    desk : Desk
        Reads images, and shows errors to the user.
    viewer : napari.Viewer
        Its images with labels are learned.
    row : TrainRow
        The row in the dock.
    models : callable
        The list of models, which shows the new one.
    """

    def __init__(
        self, desk: Desk, viewer: ViewerModel, row: TrainRow, models: Callable[[], Models]
    ) -> None:
        self._desk, self._viewer, self._row, self._models = desk, viewer, row, models
        self._runner: JobRunner | None = None
        self._stop = Flag()
        row.named.connect(self.start)
        row.stop_clicked.connect(self._wish_stop)

    def start(self, name: str, minutes: int) -> None:
        """Train a model for a number of minutes on all images with labels."""
        self._desk.begin_action()
        images = self._images()
        if not images:
            self._desk.say(_NOTHING)
            return
        self._stop = Flag()
        settings, model = self._desk.settings, self._models().current
        request = TrainRequest(name, minutes, tuple(images), model, settings.device, self._stop)
        self._runner = JobRunner()
        self._runner.failed.connect(self._failed)
        self._row.show_training(True)
        self._runner.submit(Job(train(request), self._receive, finish=self._finished))

    def stop(self) -> None:
        """Stop without a change of the dock, which is closing."""
        self._stop.set()
        if self._runner is not None:
            self._runner.cancel()
            self._runner = None

    def _images(self) -> list[LabelledImage]:
        """The images with a Labels layer of the dock, in the order of the layer list."""
        work, images = self._desk.workspace, []
        for image in reversed(image_layers(self._viewer.layers)):
            labels = self._labels_of(image)
            source = None if labels is None else self._desk.read_image(image, aloud=False)
            if labels is None or source is None:
                continue
            data, axis = labels.data, source.channel_axis
            in_use = work is not None and work.image is image
            images.append(
                LabelledImage(
                    source,
                    data if axis is None else data[(slice(None),) * axis + (0,)],
                    tuple(work.ratings.waiting) if in_use and work is not None else (),
                )
            )
        return images

    def _labels_of(self, image: Image) -> Labels | None:
        key = str(image.unique_id)
        layer = find_layer(self._viewer.layers, key, image.ndim, LABELS)
        return layer if isinstance(layer, Labels) else None

    def _wish_stop(self) -> None:
        self._stop.set()
        self._row.show_line("Stopping after this step …")

    def _receive(self, event: Event) -> None:
        if self._desk.closed:
            return
        if isinstance(event, Progress):
            share = f": {event.done / event.total:.0%}" if event.total else ""
            self._row.show_line(f"{event.text}{share}")
        elif isinstance(event, Trained):
            self._row.show_line(event.text, event.page)
            self._models().list()
            self._desk.report(f"{event.name} is in the list of models now.")

    def _finished(self) -> None:
        self._runner = None
        if not self._desk.closed:
            self._row.show_training(False)
            if self._stop.is_set():
                self._row.show_line(_STOPPED)

    def _failed(self, message: str) -> None:
        self._runner = None
        if not self._desk.closed:
            self._row.show_training(False)
            self._row.show_line("")
            self._desk.fail(message)
