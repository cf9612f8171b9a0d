"""Browsing: goes from image to image of a folder, with labels saved and the work carried along."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from napari.components import ViewerModel
from napari.utils.notifications import show_warning

from napari_sam.errors import NapariSamError
from napari_sam.folder.labels_place import labels_path
from napari_sam.folder.state import ImageState, Stage
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image_in_use import ImageInUse
from napari_sam.plugin.objects.objects import Objects
from napari_sam.plugin.worker.jobs import Job, Priority

from .folder_box import FolderBox
from .image_at_hand import ImageAtHand
from .next_image import NextImage
from .steps import (
    FolderEvent,
    FolderListed,
    ImageOpened,
    LabelsSaved,
    LabelsToSave,
    OpenFolder,
    PlaceChanged,
    Steps,
    open_folder,
    open_image,
    save_labels,
)

_CLOSED = "No folder is open: unfold Folder and choose one."
_UNDER_WAY = "Accept or drop the object under way first, then go on."
_COMING = "Masks of accepted objects are on their way: wait for them, or press Cancel."
_WORKING = "Work on this image is running: wait for its end, or press Cancel."
_OPENING = "An image is being opened."
_LAST = "There is no further image."


class Browsing:
    """The open folder, and the way from an image to another one.

    Parameters
    ----------
    desk : Desk
        Worker, image in use and status line.
    viewer : napari.Viewer
        Gets and loses the layers of the images.
    box : FolderBox
        The section of the dock.
    images : ImageInUse
        Uses the layers.
    objects : Objects
        The objects under way.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        box: FolderBox,
        images: ImageInUse,
        objects: Objects,
    ) -> None:
        self._desk, self._box, self._objects = desk, box, objects
        self._folder: OpenFolder | None = None
        self._index = -1
        self._image = ImageAtHand(desk, viewer, images)
        self._next = NextImage(desk, viewer, box)
        self._job: Job | None = None
        box.open_wanted.connect(self.open)
        box.image_wanted.connect(self.go_to)

    @property
    def calls(self) -> dict[str, Callable[[], None]]:
        """Functions of the actions of the folder, by name."""
        return {
            "next_image": self.next,
            "previous_image": self.previous,
            "done_image": self.done,
            "flag_image": self.flag,
        }

    # --- actions of the user -----------------------------------------------------------------

    def open(self, words: str, place: str = "") -> None:
        """Save the labels, and open a folder at the image where the folder was left.

        Parameters
        ----------
        words : str
            A folder, a pattern or a plate.
        place : str
            Folder for the labels; empty for the usual one.
        """
        self._desk.begin_action()
        if reason := self._obstacle():
            self._desk.say(reason)
            return
        typed = place.strip()
        chosen = Path(os.path.expanduser(typed)).absolute() if typed else None
        folder = self._folder
        if folder is not None and words.strip() == folder.listed.words and self._image.has_changed:
            # what cannot be saved in one place shall be saved in another one
            self._submit(lambda save: self._changing_place(words, chosen))
        else:
            self._submit(lambda save: self._opening(words, chosen, save))

    def next(self) -> None:
        """Go on to the next image that can be opened."""
        self._step(1)

    def previous(self) -> None:
        """Go back to the image before."""
        self._step(-1)

    def done(self) -> None:
        """Note that the image is done, and go on to the next one."""
        self._step(1, Stage.DONE)

    def flag(self) -> None:
        """Mark the image to come back to, or take the mark off."""
        folder = self._folder
        if folder is None or self._index < 0:
            self._desk.say(_CLOSED)
            return
        name = folder.names[self._index]
        state = folder.state.of(name)
        if self._note({name: replace(state, flagged=not state.flagged)}):
            self._desk.say(f"{name} is {'no longer flagged' if state.flagged else 'flagged'}.")

    def go_to(self, index: int) -> None:
        """Go to an image of the list."""
        self._desk.begin_action()
        folder = self._folder
        if folder is None or index == self._index:
            return
        part_of = folder.state.of(folder.names[index]).part_of
        self._go([folder.names.index(part_of) if part_of in folder.names else index], {})

    def stop(self) -> None:
        """Leave the folder as it is: the dock is going."""
        self._next.stop()
        self._folder, self._job = None, None

    # --- on the way --------------------------------------------------------------------------

    def _step(self, way: int, stage: Stage | None = None) -> None:
        folder = self._folder
        if folder is None:
            self._desk.say(_CLOSED)
            return
        names, changes = folder.names, dict[str, ImageState]()
        if stage is not None and self._index >= 0:
            name = names[self._index]
            changes[name] = replace(folder.state.of(name), stage=stage)
        end = len(names) if way > 0 else -1
        self._go(range(self._index + way, end, way), changes)

    def _go(self, order: Iterable[int], changes: Mapping[str, ImageState]) -> None:
        if reason := self._obstacle():
            self._desk.say(reason)
            return
        self._submit(lambda save: self._moving(order, changes, save))

    def _obstacle(self) -> str:
        """Why the image cannot be left now; empty if it can."""
        if self._job is not None:
            return _OPENING
        if self._objects.later.jobs:
            return _COMING
        if self._desk.runner.has_asked:
            return _WORKING
        return _UNDER_WAY if self._is_under_way else ""

    @property
    def _is_under_way(self) -> bool:
        """Whether an object has clicks or masks, and is not accepted."""
        work = self._desk.workspace
        return work is not None and bool(self._objects.under_way.read(work).numbers)

    def _submit(self, steps_after: Callable[[LabelsToSave | None], Steps]) -> None:
        """Run steps that begin with saving the labels; once more if they change meanwhile."""
        self._next.stop()
        save = self._image.to_save()
        before = self._image.version

        def receive(event: FolderEvent) -> None:
            if isinstance(event, LabelsSaved):
                self._image.note_saved(event.stamp, before)
            elif isinstance(event, FolderListed):
                self._listed.append(event)
            elif isinstance(event, PlaceChanged):
                self._change_place(event.folder)
            elif isinstance(event, ImageOpened):
                self._arrive(event, lambda: self._submit(steps_after))
            else:
                self._desk.receive(event)

        def end() -> None:
            if self._job is job:
                self._job = None

        self._listed: list[FolderListed] = []
        steps = steps_after(save)
        job = Job(steps, receive, end, end, priority=Priority.ACCEPTED, urgent=True)
        self._job = job
        self._desk.runner.submit(job)

    def _moving(
        self, order: Iterable[int], changes: Mapping[str, ImageState], save: LabelsToSave | None
    ) -> Steps:
        folder = self._folder
        if folder is None:
            return
        yield from self._saving(folder, save)
        yield from open_image(folder, order, changes)

    def _opening(self, words: str, place: Path | None, save: LabelsToSave | None) -> Steps:
        if self._folder is not None:
            yield from self._saving(self._folder, save)
        folder = yield from open_folder(words, place)
        names = folder.names
        start = names.index(folder.state.current) if folder.state.current in names else 0
        order = [*range(start, len(names)), *range(start)]
        yield from open_image(folder, order, {})

    def _changing_place(self, words: str, place: Path | None) -> Steps:
        folder = yield from open_folder(words, place)
        yield PlaceChanged(folder)

    def _saving(self, folder: OpenFolder, save: LabelsToSave | None) -> Steps:
        if save is not None and self._index >= 0:
            yield from save_labels(save, folder, folder.names[self._index])

    def _arrive(self, opened: ImageOpened, again: Callable[[], None]) -> None:
        """Show the image that was opened, unless the user has gone on in the image before."""
        self._job = None
        if self._image.has_changed or self._is_under_way:
            with suppress(NapariSamError):  # only the place to begin at would be another
                self._note({})
            if self._is_under_way:
                self._desk.say(_UNDER_WAY)
            else:
                again()
            return
        listed = [line for event in self._listed for line in event.lines]
        if opened.index < 0 and self._listed:
            self._desk.fail(" ".join([*listed, *opened.skipped, "No image can be opened."]))
            return
        self._folder = opened.folder
        if self._listed:
            self._box.show_folder(opened.folder)
        if opened.index < 0:
            self._box.show_state(opened.folder, self._index)
            self._desk.say(" ".join(opened.skipped) or _LAST)
            return
        self._index = opened.index
        warnings = [*opened.warnings, *self._image.show(opened)]
        self._box.show_state(opened.folder, self._index)
        name, count = opened.folder.names[self._index], len(opened.folder.names)
        position = f"Image {self._index + 1:,} of {count:,}: {name}."
        self._desk.say(" ".join([*listed, *opened.skipped, position]))
        for line in warnings:
            show_warning(line)
        self._next.prepare(opened.folder, self._index, self._image)

    def _change_place(self, folder: OpenFolder) -> None:
        """Save the labels of the image, which stays, in another place from now on."""
        before = self._folder
        name = "" if before is None or self._index < 0 else before.names[self._index]
        if name not in folder.names:
            self._desk.say(f"{name} is gone: open the folder anew.")
            return
        self._folder, self._index = folder, folder.names.index(name)
        self._image.save_at(labels_path(folder.place, folder.listed.images[self._index]))
        self._box.show_folder(folder)
        if self._note({}):
            lines = [line for event in self._listed for line in event.lines]
            self._desk.say(" ".join([*lines, f"Labels are saved in {folder.place} from now on."]))

    def _note(self, changes: Mapping[str, ImageState]) -> bool:
        """Write states of images; False after an error, which is shown."""
        folder = self._folder
        if folder is None:
            return False
        current = folder.names[self._index] if self._index >= 0 else ""
        try:
            self._folder = folder.with_state(folder.file.write(folder.state, changes, current))
        except NapariSamError as error:
            self._desk.fail(f"{error}.")
            return False
        self._box.show_state(self._folder, self._index)
        return True
