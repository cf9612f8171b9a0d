"""UseLabels: goes on with labels of a file, or of another Labels layer; no Qt."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels

from napari_sam.errors import NapariSamError
from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.files.read import read_label_file
from napari_sam.labels.label_array import LabelArray
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.labels.fitted import fitted_labels
from napari_sam.plugin.layers.only_shown import is_helper
from napari_sam.plugin.workspace import Workspace

from .labels_of_file import labels_layer_data

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
        """Use the labels of a file that the user chooses."""
        path = None if self._ready() is None else self._ask_file()
        if path is None:
            return
        try:
            data, attributes, _ = labels_layer_data(path)
        except NapariSamError as error:
            self._desk.fail(f"{error}.")
        else:
            self._use(Labels(data, **attributes), in_file=True)

    def _ready(self) -> Workspace | None:
        """The workspace, unless something is in the way, which is said."""
        self._desk.begin_action()
        if self._unfinished():
            self._desk.say(_UNFINISHED)
            return None
        return self._desk.look()

    def _use(self, layer: Labels, in_file: bool = False) -> None:
        work, layers = self._desk.workspace, self._viewer.layers
        if work is None:
            return
        try:
            data = fitted_labels(layer, work.source)
        except NapariSamError as error:
            self._desk.fail(f"{error}.")
            return
        in_file = in_file or _is_in_file(layer, work.source)
        if data is not layer.data:
            if layer in layers:
                layers.remove(layer)
            layer = _with_labels(layer, data)
        if layer not in layers:
            layer = self._viewer.add_layer(layer)
        work.use_labels(layer, in_file)
        layers.selection.active = work.prompts.points
        self._desk.say(f"{layer.name} is in use now: go on in it.")


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
