"""Workspace: the dock's layers, journal and history for an image; no Qt."""

from collections.abc import Callable

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from napari.utils.events import Event

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.current_image import CurrentImage
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.labels.label_writer import LabelWriter
from napari_sam.plugin.labels.lesson_in_use import LessonInUse
from napari_sam.plugin.labels.restore import restore_offer
from napari_sam.plugin.labels.safekeeping import Safekeeping
from napari_sam.plugin.labels.searches import Searches
from napari_sam.plugin.layers.hover_layer import HoverLayer
from napari_sam.plugin.layers.labels_layer import LabelsLayer
from napari_sam.plugin.layers.placement import move, placement
from napari_sam.plugin.layers.preview_layer import PreviewLayer
from napari_sam.plugin.layers.prompt_layers import PromptLayers
from napari_sam.plugin.undo.history import History
from napari_sam.plugin.undo.prompt_watch import PromptWatch

_MOVED = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
"""Events of an Image layer after which the layers over it must move too."""


class Workspace:
    """Image with prompts, preview, labels, journal and history.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the layers.
    image : napari.layers.Image
        The image.
    source : ImageSource
        How the image looks now.
    adopt : callable
        Called with each prompt layer that is made or found: connects its events and keys.
    adopt_labels : callable
        The same for the Labels layer.

    Attributes
    ----------
    prompts : PromptLayers
        Clicks and shapes.
    preview : PreviewLayer
        Masks of the objects under way.
    hover : HoverLayer
        Difference that the next click would make.
    labels_layer : LabelsLayer
        Accepted objects.
    writer : LabelWriter
        Changes the labels.
    ratings, classes
        Of the labels; see :class:`LabelWriter`.
    lessons : LessonInUse
        What the model learned from the labels.
    searches : Searches
        Where all objects were looked for, and which the user refused.
    keeping : Safekeeping
        The journal of the labels.
    history : History
        Steps to undo.
    watch : PromptWatch
        Adds changes of the prompts to the history.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        image: Image,
        source: ImageSource,
        adopt: Callable[[Layer], None],
        adopt_labels: Callable[[Layer], None] = lambda layer: None,
    ) -> None:
        self.viewer, self.image = viewer, image
        self._current = CurrentImage(image, source)
        self.keeping = Safekeeping(source, str(image.source.path or ""))
        self.history = History()
        self.hover = HoverLayer(viewer, image)
        self.preview = PreviewLayer(viewer, self._current)
        self.prompts = PromptLayers(viewer, self._current, self.preview, adopt)
        self.labels_layer = LabelsLayer(viewer, self._current, self.preview)
        self.writer = LabelWriter(self._current, self.labels_layer, self.keeping, self.history)
        self.ratings, self.classes = self.writer.ratings, self.writer.classes
        self.lessons = LessonInUse(self.labels_layer, self.keeping, self.history)
        self.searches = Searches()
        self.labels_layer.replaced.connect(adopt_labels)
        self.prompts.ensure()
        self.labels_layer.ensure()
        self.watch = PromptWatch(self.prompts, self.history)
        for name in _MOVED:
            getattr(image.events, name).connect(self._follow_image)

    @property
    def source(self) -> ImageSource:
        """Last look at the image."""
        return self._current.source

    @source.setter
    def source(self, source: ImageSource) -> None:
        self._current.source = source

    @property
    def labels(self) -> Labels | None:
        """Labels layer in use; None if removed by the user."""
        return self.labels_layer.layer

    @property
    def shown_plane(self) -> Plane:
        """Index of the visible plane, without channels; may lie outside of the image."""
        return self._current.plane_at(self.viewer.dims.point)

    def show(self, objects: dict[int, list[Mask]]) -> None:
        """Show the masks of the objects under way, by number, and clear the hover."""
        self.hover.clear()
        self.preview.show(objects)
        self.prompts.fit_clicks(objects)

    def owns(self, layer: Layer) -> bool:
        """Whether a layer is the dock's, for the image."""
        layers = (*self.prompts.layers, self.preview.layer, self.labels)
        return any(each is not None and each == layer for each in layers)

    def use_labels(self, layer: Labels, is_saved: bool) -> None:
        """Go on in another Labels layer; see :meth:`LabelsLayer.take`.

        Parameters
        ----------
        layer : napari.layers.Labels
            The layer.
        is_saved : bool
            Whether a file has its labels: only later changes are offered after a crash.
        """
        self.labels_layer.take(layer)
        if is_saved:
            self.keeping.journal.begin_saved()
            self.ratings.note_all()

    def restore(self) -> int:
        """Paint the labels of an earlier napari; returns the number of objects.

        See :func:`~napari_sam.plugin.labels.restore.restore_offer`.
        """
        parts = self.labels_layer, self.keeping, self.classes, self.ratings, self.lessons
        with self.history.one_action():
            return restore_offer(*parts, self.writer.one_step, self.history)

    def forget(self, layer: Layer) -> None:
        """Forget a removed layer of the workspace."""
        self.prompts.forget(layer)
        self.preview.forget(layer)
        self.writer.forget(layer)
        self.ratings.changed.emit()
        if self.labels is None:  # what was learned from them has gone with them
            self.lessons.changed.emit()

    def close(self) -> None:
        """Remove the preview and layers without content; prompts and labels stay."""
        for name in _MOVED:
            getattr(self.image.events, name).disconnect(self._follow_image)
        self.writer.close()
        empty = [self.preview.layer, *(each for each in self.prompts.layers if not len(each.data))]
        if self.labels_layer.is_blank:
            empty.append(self.labels)
        self.hover.remove()
        for layer in empty:
            if layer is not None and layer in self.viewer.layers:
                self.viewer.layers.remove(layer)

    def _follow_image(self, event: Event | None = None) -> None:
        self.hover.remove()
        if self.image.ndim != len(self.source.layer_axes):
            return  # its new data have other axes: ImageInUse makes another workspace
        place = placement(self.image)
        for layer in (self.prompts.points, self.prompts.shapes, self.labels):
            if layer is not None and layer in self.viewer.layers:
                move(layer, place)
        self.preview.follow_image()

    # --- undo --------------------------------------------------------------------------------

    def undo(self) -> bool:
        """Undo the last action of the user; False for an empty history."""
        self.labels_layer.slice_hidden()
        return self._drawn(self.history.undo()) or self.writer.undo_in_napari()

    def redo(self) -> bool:
        """Do the last undone action again; False without an undone action."""
        self.labels_layer.slice_hidden()
        return self._drawn(self.history.redo())

    def undo_labels(self) -> bool:
        """Undo the last change of the labels; False without such a change."""
        self.labels_layer.slice_hidden()
        return self._drawn(self.history.undo_labels()) or self.writer.undo_in_napari()

    def _drawn(self, done: bool) -> bool:
        self.writer.draw_again()
        return done
