"""UseLabels: goes on with labels of a file, or of another Labels layer; no Qt."""

from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.notifications import show_warning

from napari_sam.errors import NapariSamError
from napari_sam.image.volume import Volume
from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.files.read import read_label_file
from napari_sam.labels.label_array import LabelArray
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.image.session_input import whole_image
from napari_sam.plugin.labels.fitted import fitted_labels
from napari_sam.plugin.labels.journals import journal_of
from napari_sam.plugin.labels.ratings import RATINGS_KEY
from napari_sam.plugin.layers.only_shown import is_helper
from napari_sam.plugin.worker.events import Event, LabelsRead, Progress
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.workspace import Workspace

from .comparing import Comparing
from .labels_change import LabelsChange
from .labels_of_file import WARNINGS_KEY, labels_layer_data

_UNFINISHED = "Accept or drop the object under way first, then go on in other labels."
_NONE = "Select the Labels layer to go on with in the list of layers first."


class UseLabels:
    """Hands a Labels layer of the user to the dock, for further work in this layer.

    Parameters
    ----------
    desk : Desk
        Has the image in use.
    viewer : napari.Viewer
        Has the layers.
    ask_file : callable
        Lets the user choose a file of labels; None if they do not.
    unfinished : callable
        Whether an object is under way; it may be a label of the layer in use.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        ask_file: Callable[[], Path | None],
        unfinished: Callable[[], bool],
    ) -> None:
        self._desk, self._viewer, self._ask_file = desk, viewer, ask_file
        self._unfinished = unfinished
        self._comparing = Comparing(desk)

    def use_selected(self) -> None:
        """Use the Labels layer that is selected in the list of layers, or the only other one."""
        work = self._ready()
        if work is None:
            return
        active = self._viewer.layers.selection.active
        labels = [layer for layer in self._viewer.layers if isinstance(layer, Labels)]
        others = [each for each in labels if not is_helper(each) and each != work.labels]
        chosen = [active] if active in others else others
        if len(chosen) == 1:
            self._use(chosen[0])
        elif active is not None and active == work.labels:
            self._desk.say(f"{active.name} is in use already.")
        else:
            self._desk.say(_NONE)

    def use_file(self) -> None:
        """Read the labels of a file that the user chooses, in the worker, and use them."""
        work = self._ready()
        path = None if work is None else self._ask_file()
        if work is None or path is None:
            return
        steps = _read(path, whole_image(work.source))
        job = Job(steps, lambda event: self._receive(work, event), priority=Priority.ACCEPTED)
        self._desk.runner.submit(job)

    def _receive(self, work: Workspace, event: Event) -> None:
        if not isinstance(event, LabelsRead):
            self._desk.receive(event)
        elif work is self._desk.workspace and self._ready() is not None:
            data, attributes, _ = event.layer_data
            warnings = attributes["metadata"].pop(WARNINGS_KEY)
            if self._use(Labels(data, **attributes), in_file=True):
                for warning in warnings:
                    show_warning(warning)

    def _ready(self) -> Workspace | None:
        """The workspace, unless something is in the way, which is said."""
        self._desk.begin_action()
        if self._unfinished():
            self._desk.say(_UNFINISHED)
            return None
        return self._desk.look()

    def _use(self, layer: Labels, in_file: bool = False) -> bool:
        """Use a layer, as a step to undo; False if it does not fit the image."""
        work, layers = self._desk.workspace, self._viewer.layers
        if work is None:
            return False
        try:
            data = fitted_labels(layer, work.source)
        except NapariSamError as error:
            self._desk.fail(f"{error}.")
            return False
        in_file = in_file or _is_in_file(layer, work.source)
        if data is not layer.data:
            if layer in layers:
                layers.remove(layer)
            layer = _with_labels(layer, data)
        before, is_new = work.labels, layer not in layers
        is_foreign = journal_of(layer) is None and not layer.metadata.get(RATINGS_KEY)
        if is_new:
            layer = self._viewer.add_layer(layer)
        work.use_labels(layer, in_file)
        if before is not None:
            change = LabelsChange(work, before, layer, is_new)
            work.history.add_labels(change, f"the use of {layer.name}")
        layers.selection.active = work.prompts.points
        self._desk.say(f"{layer.name} is in use now: go on in it.")
        if is_foreign:
            self._comparing.start()
        return True


def _read(path: Path, image: Volume) -> Generator[Event, None, None]:
    yield Progress("Reading the labels")
    yield LabelsRead(labels_layer_data(path, image))


def _with_labels(layer: Labels, data: LabelArray) -> Labels:
    """Layer like another one, with other labels."""
    features, metadata = layer.features, dict(layer.metadata)
    return Labels(data, name=layer.name, features=features, metadata=metadata)


def _is_in_file(layer: Labels, source: ImageSource) -> bool:
    """Whether the labels of a layer equal the file of the layer."""
    if layer.source.path is None:
        return False
    try:
        file = read_label_file(Path(layer.source.path))
        saved = fitted_labels(Labels(file.labels, name=layer.name), source)
    except NapariSamError:
        return False
    labels = fitted_labels(layer, source)
    regions = block_regions(labels.shape, natural_block(labels))
    return all(np.array_equal(labels[region], saved[region]) for region in regions)
