"""ImageInUse: lists the Image layers; chooses, uses and leaves the segmented image."""

from collections.abc import Callable, Sequence

from napari.components import ViewerModel
from napari.layers import Image, Layer
from napari.utils.events import Event
from psygnal import Signal

from napari_sam.plugin.image.image_source import image_layers
from napari_sam.plugin.image.sight import covers, is_seen, topmost_seen
from napari_sam.plugin.image.thumbnail import Look, look_at
from napari_sam.plugin.labels.offer import back_line, offer_line
from napari_sam.plugin.layers.own_layers import name_layers, show_with_images

from .desk import Desk
from .workspace import Workspace

_SHOWN_BY = ("name", "visible", "opacity", "blending")
"""Events of an Image layer after which the list of images or the image in use may be another."""


class ImageInUse:
    """List of Image layers, and the layer in use with prompts, preview and labels.

    Clicks go to what the user sees. An image that is chosen in the dock is shown; when the image in
    use is hidden, or covered as a whole by another one, the topmost visible image is used instead.
    Without one it stays in use, and clicks are refused, see :meth:`Desk.why_unseen`.

    Parameters
    ----------
    desk : Desk
        Gets the workspace.
    viewer : napari.Viewer
        Has the layers.
    unfinished : callable
        Whether an object is under way and not accepted.
    later : callable
        Asks for :meth:`list_images` to be called when the events at hand are through.
    adopt : callable
        Connects events and keys of a prompt layer.
    adopt_labels : callable
        Connects the keys of a Labels layer.

    Signals
    -------
    layers_changed : list of Image
        The Image layers of the viewer, the topmost first.
    listed : list of str, int
        Names of the Image layers, and index of the one in use; -1 for none.
    channels_listed : list of Option
        Channels and layers for the model besides the image in use.
    used : Workspace
        An image is used from now on.
    leaving
        The image in use is about to be left.
    channels_chosen
        The model sees other channels or layers from now on.
    restore_offered : str
        Question whether to restore accepted objects; empty for none.
    """

    layers_changed = Signal(list)
    listed = Signal(list, int)
    channels_listed = Signal(list)
    used = Signal(object)
    leaving = Signal()
    channels_chosen = Signal()
    restore_offered = Signal(str)

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        unfinished: Callable[[], bool],
        later: Callable[[], None],
        adopt: Callable[[Layer], None],
        adopt_labels: Callable[[Layer], None],
    ) -> None:
        self._desk, self._viewer, self._unfinished, self._later = desk, viewer, unfinished, later
        self._adopt, self._adopt_labels = adopt, adopt_labels
        self._images: list[Image] = []
        viewer.layers.events.reordered.connect(self._changed)

    @property
    def image(self) -> Image | None:
        """The image in use."""
        work = self._desk.workspace
        return None if work is None else work.image

    # --- which image ---------------------------------------------------------------------------

    def list_images(self) -> None:
        """List the Image layers; use another if the image in use is gone or not seen."""
        self._watch(image_layers(self._viewer.layers))
        images = self._images
        self.layers_changed.emit(images)
        self.use(self._to_be_used())
        index = images.index(self.image) if self.image in images else -1
        self.listed.emit([layer.name for layer in images], index)
        self.list_channels()

    def choose(self, index: int) -> None:
        """Show and use the image at an index of the list, and hide images that lie over it."""
        if 0 <= index < len(self._images):
            self._desk.begin_action()
            image = self._images[index]
            image.visible, image.opacity = True, image.opacity or 1.0
            for other in list(covers(self._viewer, image, beside=self._beside(image))):
                other.visible = False
            self.use(image)
            self.list_images()

    def _to_be_used(self) -> Image | None:
        images, present = self._images, self.image if self.image in self._images else None
        if present is not None and self._is_seen(present):
            return present
        active = self._viewer.layers.selection.active
        if present is None and active in images and self._is_seen(active):
            return active
        return topmost_seen(self._viewer) or present or (images[0] if images else None)

    def _is_seen(self, image: Image) -> bool:
        return is_seen(self._viewer, image, self._beside(image))

    def _beside(self, image: Image) -> list[Image]:
        return self._desk.composite.layers_beside(image, self._viewer.layers)

    def _arrange(self) -> None:
        """Name the dock's layers after their images, and hide those of images that are not seen."""
        layers = self._viewer.layers
        name_layers(layers)
        images = {str(each.unique_id): each for each in image_layers(layers)}
        visible = {key: each == self.image or self._is_seen(each) for key, each in images.items()}
        show_with_images(layers, visible)

    def use(self, image: Image | None) -> None:
        """Put prompt, preview and labels layers around an image; None for no image."""
        before = self.image
        if before is not None and image is not None and before == image:
            self._arrange()
            return
        if before is not None:
            self._desk.begin_action()  # the outcome before is about an image that is left
        why = self._why_left(before)
        dropped = self.leave()
        if image is None:
            self._tell(dropped)
            return
        source = self._desk.read_image(image)
        if source is None:
            return
        work = Workspace(self._viewer, image, source, self._adopt, self._adopt_labels)
        self._desk.workspace = work
        image.events.data.connect(self._data_changed)
        self.used.emit(work)
        self._arrange()
        work.keeping.offer_changed.connect(lambda: self._offer_restore(work))
        self._offer_restore(work)
        happened = f"{why}: {image.name} is in use now." if why else ""
        self._tell(f"{dropped}{happened}")

    def _tell(self, outcome: str) -> None:
        if outcome:
            self._desk.say(outcome)
        self._desk.renew()

    def _why_left(self, image: Image | None) -> str:
        """Words for an image that is left because the user does not see it; empty otherwise."""
        if image is None or image not in self._images or self._is_seen(image):
            return ""
        return f"{image.name} is {'covered' if image.visible else 'hidden'}"

    def leave(self) -> str:
        """Leave the image in use; returns a line about an unaccepted object, or an empty line."""
        work = self._desk.workspace
        if work is None:
            return ""
        unfinished = self._unfinished()
        self.leaving.emit()
        work.image.events.data.disconnect(self._data_changed)
        work.close()
        self._desk.workspace = None
        self.restore_offered.emit("")
        return f"The object in {work.image.name} was not accepted. " if unfinished else ""

    def close(self) -> None:
        """Watch the Image layers no longer."""
        self._watch([])
        self._viewer.layers.events.reordered.disconnect(self._changed)

    def _watch(self, images: Sequence[Image]) -> None:
        for layer in self._images:
            for name in _SHOWN_BY:
                getattr(layer.events, name).disconnect(self._changed)
        self._images = [*images]
        for layer in images:
            for name in _SHOWN_BY:
                getattr(layer.events, name).connect(self._changed)

    def _changed(self, event: Event) -> None:
        self._later()

    def _data_changed(self, event: Event | None = None) -> None:
        """Begin anew with data of another shape; other changes are seen by the next click."""
        work = self._desk.workspace
        if work is None:
            return
        source = self._desk.read_image(work.image)
        if source is None or source.label_shape != work.source.label_shape:
            dropped = self.leave()
            self.use(work.image)
            self._desk.say(f"{dropped}{work.image.name} has another shape now.")

    # --- what the model sees -------------------------------------------------------------------

    def list_channels(self) -> None:
        """List the channels and layers for the model besides the image in use."""
        image, layers = self.image, self._viewer.layers
        options = [] if image is None else self._desk.composite.options(image, layers)
        self.channels_listed.emit(options)

    def choose_channel(self, key: int | str, visible: bool) -> None:
        """Let the model see another channel or layer besides the image, or no longer."""
        if self.image is not None:
            self._desk.composite.choose(self.image, key, visible)
            self.list_channels()
            self.channels_chosen.emit()

    def look(self) -> Look | None:
        """Collect the arrays for the picture of the model's input; None without an image."""
        image = self.image
        source = None if image is None else self._desk.read_image(image)
        if image is None or source is None:
            return None
        return look_at(source, image, self._viewer.layers, self._viewer.dims.point)

    # --- objects of an earlier napari ------------------------------------------------------------

    def _offer_restore(self, work: Workspace) -> None:
        if self._desk.workspace is work:  # and not of one that was left since
            self.restore_offered.emit(offer_line(work.keeping.offer))

    def answer_restore(self, restore: bool) -> None:
        """Restore accepted objects of an earlier napari, or discard the offer."""
        work = self._desk.workspace
        self._desk.begin_action()
        if work is None or not work.keeping.offered:
            self.restore_offered.emit("")
        elif restore:
            self._desk.say(back_line(work.restore()))
        else:
            work.keeping.discard()
            self._desk.renew()
