"""NextImage: prepares the next image of a folder, while the image in use needs nothing."""

from collections.abc import Generator
from contextlib import suppress
from threading import Event as Flag

from napari.components import LayerList, ViewerModel
from qtpy.QtCore import QObject, QTimer

from napari_sam.errors import NapariSamError
from napari_sam.folder.image_list import FolderImage
from napari_sam.image.read import read_pyramid
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.composite import Composite
from napari_sam.plugin.image.file_layers import file_layers
from napari_sam.plugin.image.image_source import ImageSource, read_image_layer
from napari_sam.plugin.settings import Settings
from napari_sam.plugin.view.viewport import read_viewport
from napari_sam.plugin.worker.events import Event
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.worker.tile_order import Viewport

from .carried import Carried
from .image_at_hand import ImageAtHand
from .steps import OpenFolder

_AFTER = 600
"""Milliseconds after which the next image is begun: by then, the tiles of the image in use that are
on the screen are asked for, and come first."""


class NextImage:
    """Encodes the tiles of the next image that will be on the screen, into the cache.

    Parameters
    ----------
    desk : Desk
        Worker and settings.
    viewer : napari.Viewer
        Has the view.
    parent : QObject
        The timer ends with it.
    """

    def __init__(self, desk: Desk, viewer: ViewerModel, parent: QObject) -> None:
        self._desk, self._viewer = desk, viewer
        self._next: tuple[FolderImage, ImageAtHand] | None = None
        self._job: Job | None = None
        self._timer = QTimer(parent)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER)
        self._timer.timeout.connect(self._begin)

    def prepare(self, folder: OpenFolder, index: int, image: ImageAtHand) -> None:
        """Prepare the image after the open one in a moment."""
        if index + 1 < len(folder.listed.images):
            self._next = folder.listed.images[index + 1], image
            self._timer.start()

    def stop(self) -> None:
        """Prepare nothing more."""
        job, self._job, self._next = self._job, None, None
        with suppress(RuntimeError):  # at the end of napari Qt has destroyed it
            self._timer.stop()
        if job is not None:
            self._desk.runner.drop(job)

    def _begin(self) -> None:
        work, settings = self._desk.workspace, self._desk.settings
        if self._next is None or work is None or self._desk.closed:
            return
        if not settings.prefetch or settings.cache_dir is False:
            return
        following, image = self._next
        carried, give_up = image.carried(), Flag()
        if carried is None:
            return
        view = read_viewport(self._viewer, work.image, work.source)
        steps = self._steps(following, carried, work.source, view, settings, give_up)
        self._job = Job(
            steps, lambda event: None, priority=Priority.NEXT, quiet=True, give_up=give_up
        )
        self._desk.runner.submit(self._job)

    def _steps(
        self,
        following: FolderImage,
        carried: Carried,
        present: ImageSource,
        view: Viewport | None,
        settings: Settings,
        give_up: Flag,
    ) -> Generator[Event, None, None]:
        # What cannot be read is told when it is opened.
        with suppress(NapariSamError, OSError):
            layers = LayerList(file_layers(following.path, read_pyramid(following.path)))
            composite = Composite()
            used = carried.apply(list(layers), composite) or layers[-1]
            is_automatic = present.contrast == "auto"
            source = read_image_layer(used, (0.0,) * used.ndim, is_automatic)
            source = composite.complete(source, used, layers)
            if source.plane_size != present.plane_size:
                view = None  # the view is another one then
            engine = self._desk.engine
            yield from engine.encode_next(settings, source, view, give_up.is_set)
