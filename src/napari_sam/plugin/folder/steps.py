"""Steps: from an image of a folder to another one, in the worker; no Qt."""

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image

from napari_sam.errors import ImageError, NapariSamError, reason
from napari_sam.folder.image_list import FolderImage, ImageList, list_images
from napari_sam.folder.labels_place import (
    Stamp,
    check_unchanged,
    labels_path,
    make_place,
    stamp_of,
)
from napari_sam.folder.state import FolderState, ImageState, Stage
from napari_sam.folder.state_file import StateFile
from napari_sam.image.companions import companion_files, file_sets
from napari_sam.image.read import read_pyramid
from napari_sam.image.volume import Volume
from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.files.read import read_label_file
from napari_sam.labels.files.write import iter_write_labels
from napari_sam.labels.label_array import LabelArray
from napari_sam.plugin.image.file_layers import file_layers
from napari_sam.plugin.results.labels_of_file import LayerData, labels_layer_data
from napari_sam.plugin.results.writers import labels_and_options
from napari_sam.plugin.worker.events import Progress

_SEARCHED = 1 << 27
"""Pixels above which labels are saved without a look whether there are any."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenFolder:
    """Images of a folder, and the place of their labels.

    Parameters
    ----------
    listed : ImageList
        The images.
    place : Path
        Folder of the labels.
    file : StateFile
        Document with the state of the images, in that folder.
    state : FolderState
        What the document says.
    """

    listed: ImageList
    place: Path
    file: StateFile
    state: FolderState

    @property
    def names(self) -> list[str]:
        """Names of the images, in order."""
        return [image.name for image in self.listed.images]

    def with_state(self, state: FolderState) -> "OpenFolder":
        """The same folder with another state."""
        return replace(self, state=state)


@dataclass(frozen=True, slots=True, eq=False)
class LabelsToSave:
    """Labels of an image that is about to be left.

    Parameters
    ----------
    path : Path
        File for them.
    stamp : Stamp
        Of the file that they were read from, or saved to before; see :func:`check_unchanged`.
    data, attributes
        Of the Labels layer, as napari gives them to writers.
    """

    path: Path
    stamp: Stamp
    data: Any
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LabelsSaved:
    """Labels are in their file.

    Parameters
    ----------
    path : Path
        The file.
    stamp : Stamp
        Of the file now; None if there was nothing to save, and no file.
    """

    path: Path
    stamp: Stamp


@dataclass(frozen=True, slots=True, eq=False)
class FolderListed:
    """A folder was listed; its first image is opened next.

    Parameters
    ----------
    folder : OpenFolder
        The folder.
    lines : tuple of str
        What has changed since it was open last.
    """

    folder: OpenFolder
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PlaceChanged:
    """The same folder, with another place for the labels; the image stays."""

    folder: OpenFolder


@dataclass(frozen=True, slots=True, eq=False)
class ImageOpened:
    """The next image was opened, or no further image can be.

    Parameters
    ----------
    folder : OpenFolder
        With the state from now on.
    index : int
        Number of the image in the list; -1 for no further image.
    layers : list of napari.layers.Image
        Its layers, in no viewer yet.
    path : Path
        File of its labels, which need not exist.
    labels : LayerData or None
        What that file holds, for a Labels layer; None without a file, or if it cannot be used.
    stamp : Stamp
        Of the file with these labels; None without them.
    skipped : tuple of str
        Sentences about images before it that cannot be opened.
    warnings : tuple of str
        Of the readers of image and labels.
    """

    folder: OpenFolder
    index: int = -1
    layers: Sequence[Image] = ()
    path: Path = Path()
    labels: LayerData | None = None
    stamp: Stamp = None
    skipped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


NOT_SAVED = "until then, labels of this image are not saved here"
"""End of the sentence on a file of labels that cannot be used, and is not replaced either."""

FolderEvent = Progress | LabelsSaved | FolderListed | PlaceChanged | ImageOpened
Steps = Generator[FolderEvent, None, None]


def save_labels(save: LabelsToSave, folder: OpenFolder, name: str) -> Steps:
    """Save labels as a whole or not at all, and note that their image was begun.

    Parameters
    ----------
    save : LabelsToSave
        The labels.
    folder : OpenFolder
        The folder of the image.
    name : str
        Name of the image.

    Yields
    ------
    Progress, LabelsSaved

    Raises
    ------
    OutputError
        If another file is in the way, or the file cannot be written.
    """
    labels, options = labels_and_options(save.data, save.attributes, overwrite=True)
    if stamp_of(save.path) != save.stamp and not _holds(save.path, labels):
        check_unchanged(save.path, save.stamp)
    is_large = math.prod(labels.shape) > _SEARCHED
    if save.stamp is not None or is_large or np.any(np.asarray(labels)):
        for done, total in iter_write_labels(save.path, labels, **options):
            yield Progress("Saving the labels", done, total)
    stamp = stamp_of(save.path)
    yield LabelsSaved(save.path, stamp)
    state = folder.state.of(name)
    if stamp is not None and state.stage is Stage.UNTOUCHED:
        folder.file.write(folder.state, {name: replace(state, stage=Stage.BEGUN)})


def _holds(path: Path, labels: LabelArray) -> bool:
    """Whether a file has these labels, as after File > Save."""
    try:
        saved = read_label_file(path).labels
    except NapariSamError:
        return False
    regions = block_regions(labels.shape, natural_block(labels))
    return tuple(saved.shape) == tuple(labels.shape) and all(
        np.array_equal(saved[region], labels[region]) for region in regions
    )


def open_folder(words: str, place: Path | None) -> Generator[FolderEvent, None, OpenFolder]:
    """List a folder, and read the state of its images.

    Parameters
    ----------
    words : str
        Folder, pattern or plate.
    place : Path or None
        Folder for the labels; None for the usual one.

    Yields
    ------
    Progress, FolderListed

    Raises
    ------
    ImageError, OutputError
        See :func:`~napari_sam.folder.image_list.list_images` and :class:`StateFile`.
    """
    yield Progress("Listing the images")
    listed = list_images(words)
    place = place or listed.place
    make_place(place)
    file = StateFile(place, listed.root)
    before, damage = file.read()
    # written at once: a place without room or rights is told before any work is done
    new = {each.name: before.of(each.name) for each in listed.images}
    folder = OpenFolder(listed, place, file, file.write(before, new))
    lines = (damage, *listed.warnings, _changes(listed, before))
    yield FolderListed(folder, tuple(filter(None, lines)))
    return folder


def _changes(listed: ImageList, before: FolderState) -> str:
    """Sentence on images that are new, or gone, since the folder was open last."""
    if not before.images:
        return ""
    names = {image.name for image in listed.images}
    new = len(names - set(before.images))
    gone = sum(not (listed.root / name).exists() for name in set(before.images) - names)
    parts = [f"{count} {word}" for count, word in ((new, "new"), (gone, "gone")) if count]
    return f"Since the last time: {' and '.join(parts)}." if parts else ""


def open_image(
    folder: OpenFolder, order: Iterable[int], changes: Mapping[str, ImageState]
) -> Steps:
    """Open the first readable image of an order, with its labels.

    Parameters
    ----------
    folder : OpenFolder
        The folder.
    order : iterable of int
        Numbers of images, the one that the user wants first.
    changes : mapping of str to ImageState
        States to note, by name of the image.

    Yields
    ------
    Progress, ImageOpened

    Raises
    ------
    OutputError
        If the state cannot be written.
    """
    yield Progress("Opening the image")
    changes, skipped = dict(changes), list[str]()
    for index in order:
        image = folder.listed.images[index]
        state = changes.get(image.name, folder.state.of(image.name))
        if state.part_of:
            continue
        try:
            volume, layers = _layers(image)
        except NapariSamError as error:
            changes[image.name] = replace(state, problem=str(error))
            skipped.append(f"Skipped {image.name}: {error}.")
            continue
        changes[image.name] = replace(state, problem="")
        changes |= _parts(image, folder)
        new = folder.with_state(folder.file.write(folder.state, changes, image.name))
        path = labels_path(folder.place, image)
        labels, stamp, problems = _labels(path, volume)
        warnings = (*volume.warnings, *problems)
        yield ImageOpened(new, index, layers, path, labels, stamp, tuple(skipped), warnings)
        return
    new = folder.with_state(folder.file.write(folder.state, changes))
    yield ImageOpened(new, skipped=tuple(skipped))


def _layers(image: FolderImage) -> tuple[Volume, list[Image]]:
    opened = read_pyramid(image.path)
    try:
        return opened[0], file_layers(image.path, opened)
    except Exception as error:  # pixels are read here, and decoders raise errors of many kinds
        raise ImageError(
            f"{image.path} is not an image that can be read: {reason(error)}"
        ) from error


def _labels(path: Path, image: Volume) -> tuple[LayerData | None, Stamp, list[str]]:
    """Labels of a file, stamp of the file, and a sentence about an unusable file."""
    stamp = stamp_of(path)
    if stamp is None:
        return None, None, []
    try:
        return labels_layer_data(path, image), stamp, []
    except NapariSamError as error:
        return None, None, [f"{error}: {NOT_SAVED}"]


def _parts(image: FolderImage, folder: OpenFolder) -> dict[str, ImageState]:
    """States of the other files of an image that is split into several, as OME-TIFF allows."""
    names = {each.path: each.name for each in folder.listed.images}
    others = [path for path in companion_files(image.path) if path in names]
    if not others or not image.path.is_file():
        return {}
    parts = file_sets([image.path, *others])[image.path]
    return {
        names[path]: replace(folder.state.of(names[path]), part_of=image.name) for path in parts
    }
