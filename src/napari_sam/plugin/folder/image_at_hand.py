"""ImageAtHand: the layers of the open image of a folder, and the file of its labels; no Qt."""

from collections.abc import Hashable, Sequence
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_sam.errors import NapariSamError
from napari_sam.folder.labels_place import Stamp
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image_in_use import ImageInUse
from napari_sam.plugin.labels.fitted import fitted_labels
from napari_sam.plugin.labels.journals import end_journal, journal_of
from napari_sam.plugin.layers.conventions import IMAGE_KEY, LABELS, find_layer
from napari_sam.plugin.layers.removal import collecting_once
from napari_sam.plugin.results.labels_of_file import WARNINGS_KEY, LayerData
from napari_sam.plugin.workspace import Workspace

from .carried import Carried, Limits, first_limits, seen_beside
from .steps import NOT_SAVED, ImageOpened, LabelsToSave


class ImageAtHand:
    """Open image of a folder: its layers in the viewer, and the file of its labels.

    Parameters
    ----------
    desk : Desk
        Has the image in use, and the channels that the model sees.
    viewer : napari.Viewer
        Gets and loses the layers.
    images : ImageInUse
        Uses the layers.
    """

    def __init__(self, desk: Desk, viewer: ViewerModel, images: ImageInUse) -> None:
        self._desk, self._viewer, self._images = desk, viewer, images
        self._layers: list[Image] = []
        self._first: list[Limits] = []
        self._path = Path()
        self._stamp: Stamp = None
        self._saved_version: Hashable = None

    # --- labels ------------------------------------------------------------------------------

    @property
    def labels(self) -> Labels | None:
        """Labels layer of the image; None if the user has removed it."""
        layers = self._viewer.layers
        for image in self._layers:
            layer = find_layer(layers, str(image.unique_id), image.ndim, LABELS)
            if isinstance(layer, Labels):
                return layer
        return None

    @property
    def version(self) -> Hashable:
        """Value that differs after a change of labels or classes; None without labels."""
        layer = self.labels
        journal = None if layer is None else journal_of(layer)
        return None if journal is None else (journal, journal.mirror.changes)

    @property
    def has_changed(self) -> bool:
        """Whether labels or classes have changed since they were read or saved."""
        return self.labels is not None and self.version != self._saved_version

    def to_save(self) -> LabelsToSave | None:
        """Labels for their file; None if the file has them."""
        layer = self.labels
        if layer is None or not self.has_changed:
            return None
        data, attributes, _ = layer.as_layer_data_tuple()
        return LabelsToSave(self._path, self._stamp, data, attributes)

    def note_saved(self, stamp: Stamp, version: Hashable) -> None:
        """Note that labels were saved.

        Parameters
        ----------
        stamp : Stamp
            Of their file now.
        version : Hashable
            The :attr:`version` that was saved; later changes are not in the file.
        """
        self._stamp, layer = stamp, self.labels
        if version != self.version or layer is None:
            return
        if (journal := journal_of(layer)) is not None:
            journal.note_saved()
        self._saved_version = self.version

    def save_at(self, path: Path) -> None:
        """Save the labels in another file from now on; an existing file is not replaced."""
        self._path, self._stamp = path, None

    # --- the next image ----------------------------------------------------------------------

    def carried(self) -> Carried | None:
        """Look of the image, for the next image; None if its layers are gone."""
        layers = [layer for layer in self._layers if layer in self._viewer.layers]
        if not layers or len(layers) != len(self._first):
            return None
        used = self._images.image if self._images.image in layers else layers[-1]
        beside = seen_beside(layers, used, self._desk.composite, self._viewer.layers)
        return Carried.of(layers, self._first, layers.index(used), beside)

    def show(self, opened: ImageOpened) -> list[str]:
        """Show the next image instead of the present image.

        Parameters
        ----------
        opened : ImageOpened
            Its layers and labels.

        Returns
        -------
        list of str
            Sentences about labels that cannot be used.
        """
        carried, before, old = self.carried(), self._desk.workspace, self._owned()
        lesson = None if before is None else before.lessons.now
        is_alike = bool(self._layers) and _extent(self._layers) == _extent(opened.layers)
        self._first = first_limits(opened.layers)
        names = [layer.name for layer in opened.layers]
        with collecting_once():
            self._images.leave()
            # added before the others are removed: in an empty viewer, the view would be another one
            self._layers = [self._viewer.add_layer(layer) for layer in opened.layers]
            self._remove(old)
        for layer, name in zip(self._layers, names, strict=True):
            layer.name = name  # fields of a plate have the same name
        used = None if carried is None else carried.apply(self._layers, self._desk.composite)
        if used is not None:
            self._images.use(used)
        self._images.list_images()
        if not is_alike:
            self._viewer.reset_view()
        self._path, self._stamp = opened.path, opened.stamp
        work, lines = self._desk.workspace, list[str]()
        if work is not None:
            lines = self._show_labels(work, opened.labels)
            if lesson is not None and work.lessons.now is None:
                work.lessons.exchange(lesson)
            self._viewer.layers.selection.active = work.prompts.points
        self._saved_version = self.version
        return lines

    def _owned(self) -> list[Layer]:
        """Layers of the image, and the dock's over it."""
        keys = {str(layer.unique_id) for layer in self._layers}
        mine = [each for each in self._viewer.layers if each.metadata.get(IMAGE_KEY) in keys]
        return [*mine, *self._layers]

    def _remove(self, layers: list[Layer]) -> None:
        for layer in layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
            if isinstance(layer, Labels):
                end_journal(layer)

    def _show_labels(self, work: Workspace, labels: LayerData | None) -> list[str]:
        if labels is None:
            return []
        data, attributes, _ = labels
        lines = list(attributes["metadata"].pop(WARNINGS_KEY))
        layer = Labels(data, **{**attributes, "name": LABELS})
        try:
            fitted = fitted_labels(layer, work.source)
        except NapariSamError as error:
            self._stamp = None  # and so the file is not replaced
            return [*lines, f"{error}: {NOT_SAVED}"]
        if fitted is not layer.data:
            features, metadata = layer.features, dict(layer.metadata)
            layer = Labels(fitted, name=LABELS, features=features, metadata=metadata)
        layer = self._viewer.add_layer(layer)
        work.use_labels(layer, is_saved=True)
        layer.name = LABELS  # without the number that it got beside the blank ones
        return lines


def _extent(layers: Sequence[Image]) -> list[tuple[object, ...]]:
    """Size and place of layers: images with equal values fit the same view."""
    return [(tuple(layer.extent.world.ravel()), layer.rgb) for layer in layers]
